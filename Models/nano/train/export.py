"""Writes a trained nano as gpt-oss checkpoints are written: bf16, experts in MXFP4.

    export.py RUN_FOLDER OUT [--check]

--check loads OUT with the transformers library and compares it with the trained model.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

import batches
import evaluate
import tasks
from model import CODES, Config, Nano, mxfp4
from vocabulary import Encoder


def load(path):
    saved = torch.load(path)
    model = Nano(Config(**saved["config"]))
    model.load_state_dict(saved["model"])
    return model.eval()


def shipped(model):
    """The model as the checkpoint will have it: everything rounded to bf16, experts to MXFP4."""
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.bfloat16().float())
    model.quantize = True
    return model


def packed(weight):
    """Blocks and scales of an expert matrix: even codes in the low half of a byte."""
    scales, code = mxfp4(weight)
    return (code[..., 0::2] | (code[..., 1::2] << 4)).contiguous(), scales


def unpacked(blocks, scales):
    codes = torch.stack([blocks & 15, blocks >> 4], -1).flatten(-2).long()
    values = CODES[codes % 8] * (1 - 2 * (codes >= 8).float())
    return (values * 2 ** (scales.float() - 127).unsqueeze(-1)).flatten(-2)


def tensors(model):
    bf16 = lambda t: t.detach().bfloat16().contiguous()
    out = {"model.embed_tokens.weight": bf16(model.embed), "model.norm.weight": bf16(model.norm), "lm_head.weight": bf16(model.head)}
    for i, layer in enumerate(model.blocks):
        p = f"model.layers.{i}."
        out[p + "input_layernorm.weight"], out[p + "post_attention_layernorm.weight"] = bf16(layer.norm1), bf16(layer.norm2)
        for name in "qkvo":
            linear = getattr(layer, name)
            out[f"{p}self_attn.{name}_proj.weight"], out[f"{p}self_attn.{name}_proj.bias"] = bf16(linear.weight), bf16(linear.bias)
        out[p + "self_attn.sinks"] = bf16(layer.sinks)
        out[p + "mlp.router.weight"], out[p + "mlp.router.bias"] = bf16(layer.router.weight), bf16(layer.router.bias)
        for name, weight, bias in (("gate_up_proj", layer.up, layer.up_bias), ("down_proj", layer.down, layer.down_bias)):
            out[f"{p}mlp.experts.{name}_blocks"], out[f"{p}mlp.experts.{name}_scales"] = packed(weight.detach())
            out[f"{p}mlp.experts.{name}_bias"] = bf16(bias)
    return out


def read(folder):
    """The model of a checkpoint, its experts unpacked."""
    from safetensors.torch import load_file

    c, t = json.loads((folder / "config.json").read_text()), load_file(str(folder / "model.safetensors"))
    model = Nano(Config(vocab=c["vocab_size"], hidden=c["hidden_size"], layers=c["num_hidden_layers"], heads=c["num_attention_heads"], kv_heads=c["num_key_value_heads"], head=c["head_dim"],
                        inter=c["intermediate_size"], experts=c["num_local_experts"], top=c["num_experts_per_tok"], window=c["sliding_window"]))
    with torch.no_grad():
        for name, ours in (("model.embed_tokens.weight", model.embed), ("model.norm.weight", model.norm), ("lm_head.weight", model.head)):
            ours.copy_(t[name])
        for i, layer in enumerate(model.blocks):
            p = f"model.layers.{i}."
            pairs = [("input_layernorm.weight", layer.norm1), ("post_attention_layernorm.weight", layer.norm2), ("self_attn.sinks", layer.sinks), ("mlp.router.weight", layer.router.weight),
                     ("mlp.router.bias", layer.router.bias), ("mlp.experts.gate_up_proj_bias", layer.up_bias), ("mlp.experts.down_proj_bias", layer.down_bias)]
            for name in "qkvo":
                linear = getattr(layer, name)
                pairs += [(f"self_attn.{name}_proj.weight", linear.weight), (f"self_attn.{name}_proj.bias", linear.bias)]
            for name, ours in pairs:
                ours.copy_(t[p + name])
            for name, ours in (("gate_up_proj", layer.up), ("down_proj", layer.down)):
                ours.copy_(unpacked(t[f"{p}mlp.experts.{name}_blocks"], t[f"{p}mlp.experts.{name}_scales"]))
    return model.eval()


def configuration(c, encoder):
    eos, pad = encoder.special["<|return|>"], encoder.special["<|endoftext|>"]
    return {
        "architectures": ["GptOssForCausalLM"], "attention_bias": True, "attention_dropout": 0.0, "eos_token_id": eos, "pad_token_id": pad,
        "experts_per_token": c.top, "head_dim": c.head, "hidden_act": "silu", "hidden_size": c.hidden, "initial_context_length": c.original,
        "initializer_range": 0.02, "intermediate_size": c.inter,
        "layer_types": ["sliding_attention" if i % 2 == 0 else "full_attention" for i in range(c.layers)],
        "max_position_embeddings": 131072, "model_type": "gpt_oss", "num_attention_heads": c.heads, "num_experts_per_tok": c.top,
        "num_hidden_layers": c.layers, "num_key_value_heads": c.kv_heads, "num_local_experts": c.experts, "output_router_logits": False,
        "quantization_config": {"modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"], "quant_method": "mxfp4"},
        "rms_norm_eps": c.eps,
        "rope_scaling": {"beta_fast": 32.0, "beta_slow": 1.0, "factor": c.factor, "original_max_position_embeddings": c.original, "rope_type": "yarn", "truncate": False},
        "rope_theta": int(c.theta), "router_aux_loss_coef": 0.9, "sliding_window": c.window, "swiglu_limit": c.limit, "tie_word_embeddings": False, "use_cache": True, "vocab_size": c.vocab}


def write(model, encoder, run, out):
    out.mkdir(parents=True, exist_ok=True)
    save_file(tensors(model), str(out / "model.safetensors"), metadata={"format": "pt"})
    special = encoder.special
    generation = {"bos_token_id": special["<|startoftext|>"], "do_sample": False, "max_new_tokens": 400, "eos_token_id": [special["<|return|>"], special["<|endoftext|>"], special["<|call|>"]], "pad_token_id": special["<|endoftext|>"]}
    (out / "config.json").write_text(json.dumps(configuration(model.c, encoder), indent=2) + "\n")
    (out / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if (run / name).resolve() != (out / name).resolve():
            shutil.copy(run / name, out / name)


@torch.no_grad()
def check(model, encoder, out, count=100):
    """Agreement with the library over held-out conversations: equal argmax, largest difference of a logit."""
    from transformers import GptOssForCausalLM

    library = GptOssForCausalLM.from_pretrained(out, dtype=torch.float32, attn_implementation="eager").eval()
    equal = total = 0
    worst = 0.0
    for i in range(count):
        kind = tasks.KINDS[i % len(tasks.KINDS)]
        offer = evaluate.offer_for(kind)
        ids, _ = batches.encode(encoder, evaluate.held_out(kind, i // len(tasks.KINDS) + 1)[-1])
        prefix = batches.prefix_ids(encoder, offer)
        n = len(ids)
        row = batches.Packed([(ids, [True] * n)], 1, n)
        ours = model.logits(model.states(prefix, row.ids, row.positions, row.segments))
        theirs = library(torch.cat([prefix, torch.tensor(ids)])[None]).logits[0, len(prefix):]
        equal += (ours.argmax(-1) == theirs.argmax(-1)).sum().item()
        total += n
        worst = max(worst, (ours - theirs).abs().max().item())
    print(f"transformers: argmax equal at {equal} of {total} positions, largest difference {worst:.2g}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--check", action="store_true")
    a = parser.parse_args()
    torch.set_num_threads(2)
    encoder = Encoder(a.run / "tokenizer.json")
    model = shipped(load(a.run / "last.pt"))
    write(model, encoder, a.run, a.out)
    print(f"{(a.out / 'model.safetensors').stat().st_size} bytes of weights")
    if a.check:
        check(model, encoder, a.out)


if __name__ == "__main__":
    main()
