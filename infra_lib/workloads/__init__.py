"""The AI Toolkit project: fine-tune a model on Azure Container Apps, provision an inference app beside it, deploy code to it."""
