"""gpt-oss's architecture in torch, made for training on shared prompts.

The same mathematics as the library's GptOssForCausalLM (export.py checks that), laid out so that many short
conversations attend to one prefix: the prefix is computed once a step.
"""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    vocab: int
    hidden: int = 128
    layers: int = 5
    heads: int = 2
    kv_heads: int = 1
    head: int = 64
    inter: int = 160
    experts: int = 4
    top: int = 2
    window: int = 128
    limit: float = 7.0
    eps: float = 1e-5
    theta: float = 150000.0
    factor: float = 32.0
    original: int = 4096

    def dict(self):
        return asdict(self)


CODES = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
EDGES = (CODES[1:] + CODES[:-1]) / 2


def mxfp4(weight):
    """Exponents and codes of the blocks of 32 along the last dimension: (scale bytes, code indices)."""
    blocks = weight.float().unflatten(-1, (-1, 32))
    largest = blocks.abs().amax(-1, keepdim=True).clamp_min(2.0 ** -100)
    # The power of two under which the largest value is at most 6, or 7 rounded down to 6.
    exponent = torch.floor(torch.log2(largest)) - 2
    exponent = torch.where(largest / 2 ** exponent > 7.0, exponent + 1, exponent)
    scaled = blocks / 2 ** exponent
    code = torch.bucketize(scaled.abs().contiguous(), EDGES) + 8 * (scaled < 0)
    return (exponent.squeeze(-1) + 127).to(torch.uint8), code.to(torch.uint8)


def rounded(weight):
    """The weight as MXFP4 keeps it."""
    scales, code = mxfp4(weight)
    sign = 1 - 2 * (code >= 8).float()
    value = CODES[(code % 8).long()] * sign
    return (value * 2 ** (scales.float() - 127).unsqueeze(-1)).flatten(-2)


def rope_tables(config, length):
    """Cosines and sines with YaRN, unrounded; both carry the concentration."""
    half = config.head // 2
    place = torch.arange(half, dtype=torch.float64)
    plain = config.theta ** (-place / half)
    corner = lambda turns: half * math.log(config.original / (2 * math.pi * turns)) / math.log(config.theta)
    low, high = corner(32.0), corner(1.0)
    ramp = ((place - low) / (high - low)).clamp(0, 1)
    inverse = plain * (1 - ramp) + plain / config.factor * ramp
    concentration = 0.1 * math.log(config.factor) + 1
    angles = torch.arange(length, dtype=torch.float64)[:, None] * inverse
    return (angles.cos() * concentration).float(), (angles.sin() * concentration).float()


def rotate(x, cos, sin):
    """x: [..., tokens, heads, head]; cos and sin: [tokens, half]."""
    a, b = x.chunk(2, -1)
    cos, sin = cos.unsqueeze(-2), sin.unsqueeze(-2)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Layer(nn.Module):
    def __init__(self, c, sliding):
        super().__init__()
        self.c, self.sliding = c, sliding
        q, kv = c.heads * c.head, c.kv_heads * c.head
        self.norm1, self.norm2 = nn.Parameter(torch.ones(c.hidden)), nn.Parameter(torch.ones(c.hidden))
        self.q, self.k, self.v, self.o = nn.Linear(c.hidden, q), nn.Linear(c.hidden, kv), nn.Linear(c.hidden, kv), nn.Linear(q, c.hidden)
        self.sinks = nn.Parameter(torch.zeros(c.heads))
        self.router = nn.Linear(c.hidden, c.experts)
        # [experts, out, in], as the checkpoint has them; even rows of `up` are the gate.
        self.up = nn.Parameter(torch.randn(c.experts, 2 * c.inter, c.hidden) * c.hidden ** -0.5)
        self.up_bias = nn.Parameter(torch.zeros(c.experts, 2 * c.inter))
        self.down = nn.Parameter(torch.randn(c.experts, c.hidden, c.inter) * c.inter ** -0.5 * 0.5)
        self.down_bias = nn.Parameter(torch.zeros(c.experts, c.hidden))
        for linear in (self.q, self.k, self.v, self.o, self.router):
            nn.init.zeros_(linear.bias)
            nn.init.normal_(linear.weight, std=linear.in_features ** -0.5)
        nn.init.normal_(self.o.weight, std=0.5 * q ** -0.5)

    def attend(self, q, k, v, mask):
        """q: [B, heads, T, head]; k, v: [B, kv heads, S, head]; mask: additive. The sink is one more key."""
        c = self.c
        group = c.heads // c.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        b, h, s, d = k.shape
        # The sink's score comes in through dimensions that no other key has; 8 of them, for aligned rows.
        sink = (self.sinks.to(q.dtype) * d ** 0.5).view(1, h, 1, 1).expand(b, h, 1, 1)
        q = F.pad(F.pad(q, (0, 1), value=1.0), (0, 7))
        k = torch.cat([F.pad(k, (0, 8)), F.pad(F.pad(sink, (d, 0)), (0, 7))], 2)
        v = F.pad(v, (0, 8, 0, 1))
        return F.scaled_dot_product_attention(q, k, v, attn_mask=F.pad(mask, (0, 1)).to(q.dtype), scale=d ** -0.5)[..., :d]

    def mix(self, x, quantize):
        """The experts, all of them for all tokens; those not chosen weigh nothing."""
        c = self.c
        logits = self.router(x)
        top, chosen = logits.topk(c.top, -1)
        weights = torch.zeros_like(logits).scatter(-1, chosen, top.float().softmax(-1).to(logits.dtype))
        up, down = self.up, self.down
        if quantize:
            up = up + (rounded(up) - up).detach()
            down = down + (rounded(down) - down).detach()
        e, n = c.experts, x.shape[0]
        u = F.linear(x, up.reshape(e * 2 * c.inter, c.hidden), self.up_bias.reshape(-1)).view(n, e, c.inter, 2)
        gate, linear = u[..., 0].clamp(max=c.limit), u[..., 1].clamp(-c.limit, c.limit)
        a = gate * torch.sigmoid(1.702 * gate) * (linear + 1) * weights.unsqueeze(-1)
        return F.linear(a.view(n, e * c.inter), down.permute(1, 0, 2).reshape(c.hidden, e * c.inter)) + weights @ self.down_bias


def rms(x, gain, eps):
    x32 = x.float()
    return (x32 * torch.rsqrt(x32.pow(2).mean(-1, keepdim=True) + eps) * gain).to(x.dtype)


class Nano(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.c = config
        self.embed = nn.Parameter(torch.randn(config.vocab, config.hidden) * 0.25)
        self.blocks = nn.ModuleList(Layer(config, i % 2 == 0) for i in range(config.layers))
        self.norm = nn.Parameter(torch.ones(config.hidden))
        self.head = nn.Parameter(torch.zeros(config.vocab, config.hidden))
        self.quantize = False
        cos, sin = rope_tables(config, config.original)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def masks(self, prefix, positions, segments):
        """Additive masks for full and sliding layers: of the prefix, and of the rows (prefix keys, then own).

        positions and segments: [rows, tokens]; positions count from the prefix's end, segments part conversations.
        """
        w = self.c.window
        block = lambda seen: torch.zeros(seen.shape).masked_fill_(~seen, float("-inf"))
        i = torch.arange(prefix)
        back = i[:, None] - i[None, :]
        own = (segments[:, :, None] == segments[:, None, :])
        distance = positions[:, :, None] - positions[:, None, :]
        causal = own & (distance >= 0)
        ones = torch.ones(*positions.shape, prefix, dtype=torch.bool)
        near = min(prefix, w)
        to_prefix = positions[:, :, None] + prefix - torch.arange(prefix - near, prefix) < w
        return {
            False: (block(back >= 0), block(torch.cat([ones, causal], -1))),
            True: (block((back >= 0) & (back < w)), block(torch.cat([to_prefix, causal & (distance < w)], -1))),
        }

    def states(self, prefix, rows, positions, segments):
        """Final states of the rows. prefix: [P] ids; rows: [R, T] ids."""
        c = self.c
        p, (r, t) = prefix.shape[0], rows.shape
        x = self.embed[torch.cat([prefix, rows.reshape(-1)])]
        place = torch.cat([torch.arange(p), positions.reshape(-1) + p])
        cos, sin = self.cos[place], self.sin[place]
        masks = self.masks(p, positions, segments)
        for layer in self.blocks:
            h = rms(x, layer.norm1, c.eps)
            q = rotate(layer.q(h).view(-1, c.heads, c.head), cos.to(h.dtype), sin.to(h.dtype))
            k = rotate(layer.k(h).view(-1, c.kv_heads, c.head), cos.to(h.dtype), sin.to(h.dtype))
            v = layer.v(h).view(-1, c.kv_heads, c.head)
            mask_prefix, mask_rows = masks[layer.sliding]
            split = lambda z: (z[:p].transpose(0, 1).unsqueeze(0), z[p:].view(r, t, -1, c.head).transpose(1, 2))
            (qp, qr), (kp, kr), (vp, vr) = split(q), split(k), split(v)
            a_prefix = layer.attend(qp, kp, vp, mask_prefix[None, None])
            keep = min(p, c.window) if layer.sliding else p
            keys = torch.cat([kp[:, :, p - keep:].expand(r, -1, -1, -1), kr], 2)
            values = torch.cat([vp[:, :, p - keep:].expand(r, -1, -1, -1), vr], 2)
            a_rows = layer.attend(qr, keys, values, mask_rows[:, None])
            a = torch.cat([a_prefix[0].transpose(0, 1), a_rows.transpose(1, 2).reshape(r * t, c.heads, c.head)]).reshape(p + r * t, -1)
            x = x + layer.o(a)
            x = x + layer.mix(rms(x, layer.norm2, c.eps), self.quantize)
        return rms(x, self.norm, c.eps)[p:]

    def logits(self, states):
        return states @ self.head.t().to(states.dtype)
