"""A causal language model of some hundred thousand parameters, made from a configuration; it has learnt nothing."""

from __future__ import annotations

import json
from pathlib import Path

_SPECIAL = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
_MOST_WORDS = 2000


def build_model(folder: Path, dataset: Path) -> int:
    """Write the model and a tokenizer of the dataset's words into ``folder``; the number of parameters."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    rows = [json.loads(line) for line in dataset.read_text(encoding="utf-8").splitlines()]
    tokenizer = Tokenizer(models.BPE(unk_token=_SPECIAL["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=_MOST_WORDS, special_tokens=list(_SPECIAL.values()), initial_alphabet=alphabet)
    tokenizer.train_from_iterator((f"user: {row['prompt']}\nassistant: {row['completion']}" for row in rows), trainer)
    words = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **_SPECIAL)
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=512, bos_token_id=None, eos_token_id=words.eos_token_id, pad_token_id=words.pad_token_id,
        )
    )  # fmt: skip
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return int(model.num_parameters())
