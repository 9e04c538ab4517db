"""Plan to Azure, through the Azure SDK: the target, reading live state, applying, progress and failures."""
