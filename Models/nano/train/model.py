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
    heads: int = 4
    kv_heads: int = 2
    head: int = 32
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
        # Left at zero: how far a head rises above its sink is learned in q and k.
        self.register_buffer("sinks", torch.zeros(c.heads))
        self.router = nn.Linear(c.hidden, c.experts)
        # [experts, out, in], as the checkpoint has them; even rows of `up` are the gate.
        self.up = nn.Parameter(torch.randn(c.experts, 2 * c.inter, c.hidden) * c.hidden ** -0.5)
        self.up_bias = nn.Parameter(torch.zeros(c.experts, 2 * c.inter))
        self.down = nn.Parameter(torch.randn(c.experts, c.hidden, c.inter) * c.inter ** -0.5 * 0.25)
        self.down_bias = nn.Parameter(torch.zeros(c.experts, c.hidden))
        for linear in (self.q, self.k, self.v, self.o, self.router):
            nn.init.zeros_(linear.bias)
            nn.init.normal_(linear.weight, std=linear.in_features ** -0.5)
        nn.init.normal_(self.o.weight, std=0.25 * q ** -0.5)
        if sliding:
            self.look_back()

    @torch.no_grad()
    def look_back(self, strength=5.0, pairs=5):
        """Has the heads of the first key head begin as heads that attend 1, 2, ... tokens back.

        Copying is built on such heads, and to find them takes training long. The biases make them: turned by their
        positions, they agree best at one distance. Only the fast pairs of dimensions tell near distances apart.
        """
        c = self.c
        half = c.head // 2
        speed = c.theta ** (-torch.arange(pairs) / half)
        q, k = self.q.bias.view(c.heads, 2, half), self.k.bias.view(c.kv_heads, 2, half)
        k[0, 0, :pairs] = strength
        self.k.weight[:c.head] *= 0.1
        for head in range(c.heads // c.kv_heads):
            back = (head + 1) * speed
            q[head, 0, :pairs], q[head, 1, :pairs] = strength * back.cos(), -strength * back.sin()
            self.q.weight[head * c.head:(head + 1) * c.head] *= 0.1

    @torch.no_grad()
    def look_up(self, below, strength=2.0):
        """Has the first head begin as one that attends to where the present token stood one token back.

        `below` is the layer beneath, whose first head tells each token what stands before it: what that head writes is
        what this one looks for. Only the slow pairs of dimensions, which their position hardly turns, take part.
        """
        c = self.c
        slow = c.head // 4
        rows = torch.cat([torch.arange(c.head // 2 - slow, c.head // 2), torch.arange(c.head - slow, c.head)])
        read = below.v.weight[:2 * slow]
        below.o.weight[:, :2 * slow] *= 4
        written = below.o.weight[:, :2 * slow].t()
        self.q.weight[:c.head] *= 0.1
        self.k.weight[:c.head] *= 0.1
        self.q.weight[rows] = strength * read
        self.k.weight[rows] = strength * written / written.norm(dim=1, keepdim=True) ** 2 / 2

    @torch.no_grad()
    def look_up_pair(self, below, strength=2.8):
        """Has the third head begin as one that attends to where the present token and the one before it stood in turn.

        As look_up, by half of the slow pairs each: the present token is looked for one back, what the first head of
        `below` tells of the one before is looked for where its second head tells what stands two back. Where a token
        stands in several places, this head knows which of them is being copied.
        """
        c = self.c
        n = c.head // 8
        rows = lambda first: torch.cat([torch.arange(first, first + n), torch.arange(c.head // 2 + first, c.head // 2 + first + n)])
        near, far = rows(c.head // 4), rows(c.head // 4 + n)
        one, two = slice(0, 2 * n), slice(2 * n, 4 * n)
        below.o.weight[:, c.head:c.head + 4 * n] *= 4
        back_1, back_2 = below.o.weight[:, :4 * n].t(), below.o.weight[:, c.head:c.head + 4 * n].t()
        told = lambda written: written / written.norm(dim=1, keepdim=True) ** 2 / 2
        q, k = 2 * c.head, c.head
        self.q.weight[q:q + c.head] *= 0.1
        self.k.weight[k:k + c.head] *= 0.1
        self.q.weight[q + near], self.k.weight[k + near] = strength * below.v.weight[one], strength * told(back_1[one])
        self.q.weight[q + far], self.k.weight[k + far] = strength * 2 * told(back_1[two]), strength * told(back_2[two])

    def attend(self, q, k, v, mask):
        """q: [B, heads, T, head]; k, v: [B, kv heads, S, head]; mask: additive, with a column for the sink."""
        group = self.c.heads // self.c.kv_heads
        # The sink is a key of zeros with a value of zeros: its score is always 0, as `sinks` has it.
        k, v = F.pad(k, (0, 0, 0, 1)).repeat_interleave(group, 1), F.pad(v, (0, 0, 0, 1)).repeat_interleave(group, 1)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask.to(q.dtype), scale=self.c.head ** -0.5)

    def heads(self, x, cos, sin):
        """Queries, keys and values of tokens, [tokens, heads, head] each."""
        c = self.c
        h = rms(x, self.norm1, c.eps)
        cut = lambda z, n: z.view(-1, n, c.head)
        q, k, v = cut(self.q(h), c.heads), cut(self.k(h), c.kv_heads), cut(self.v(h), c.kv_heads)
        return rotate(q, cos.to(q.dtype), sin.to(q.dtype)), rotate(k, cos.to(q.dtype), sin.to(q.dtype)), v

    def go_on(self, x, attended, up, down):
        """The tokens' states after the layer. up and down: see weights()."""
        x = x + self.o(attended)
        return x + self.mix(rms(x, self.norm2, self.c.eps), up, down)

    def weights(self, quantize):
        """The experts' matrices for mix(): [2 * experts * inter, hidden], gates first, and [hidden, experts * inter]."""
        up, down = self.up, self.down
        if quantize:
            up = up + (rounded(up) - up).detach()
            down = down + (rounded(down) - down).detach()
        return up.unflatten(1, (-1, 2)).permute(2, 0, 1, 3).reshape(-1, self.c.hidden), down.permute(1, 0, 2).reshape(self.c.hidden, -1)

    def mix(self, x, up, down):
        """The experts, all of them for all tokens; those not chosen weigh nothing."""
        c = self.c
        logits = self.router(x)
        top, chosen = logits.topk(c.top, -1)
        weights = torch.zeros_like(logits).scatter(-1, chosen, top.float().softmax(-1).to(logits.dtype))
        u = F.linear(x, up, self.up_bias.unflatten(1, (-1, 2)).permute(2, 0, 1).reshape(-1))
        gate, linear = u.unflatten(-1, (2, c.experts, c.inter)).unbind(1)
        gate, linear = gate.clamp(max=c.limit), linear.clamp(-c.limit, c.limit)
        a = gate * torch.sigmoid(1.702 * gate) * (linear + 1) * weights.unsqueeze(-1)
        return F.linear(a.flatten(-2), down) + weights @ self.down_bias.to(weights.dtype)


def rms(x, gain, eps):
    x32 = x.float()
    return (x32 * torch.rsqrt(x32.pow(2).mean(-1, keepdim=True) + eps) * gain).to(x.dtype)


class Nano(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.c = config
        self.embed = nn.Parameter(torch.randn(config.vocab, config.hidden) * 0.5)
        self.blocks = nn.ModuleList(Layer(config, i % 2 == 0) for i in range(config.layers))
        for below, layer in zip(self.blocks, self.blocks[1:]):
            if below.sliding:
                layer.look_up(below)
                layer.look_up_pair(below)
        self.norm = nn.Parameter(torch.ones(config.hidden))
        self.head = nn.Parameter(torch.zeros(config.vocab, config.hidden))
        self.quantize = False
        # Of the masks: what attention computes in.
        self.precision = torch.float32
        cos, sin = rope_tables(config, config.original)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def masks(self, prefix, positions, segments):
        """Additive masks for full and sliding layers: of the prefix, and of the rows (prefix keys, then own).

        positions and segments: [rows, tokens]; positions count from the prefix's end, segments part conversations.
        """
        w = self.c.window
        block = lambda seen: F.pad(torch.zeros(seen.shape, dtype=self.precision).masked_fill_(~seen, float("-inf")), (0, 1))
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
            q, k, v = layer.heads(x, cos, sin)
            mask_prefix, mask_rows = masks[layer.sliding]
            split = lambda z: (z[:p].transpose(0, 1).unsqueeze(0), z[p:].view(r, t, -1, c.head).transpose(1, 2))
            (qp, qr), (kp, kr), (vp, vr) = split(q), split(k), split(v)
            a_prefix = layer.attend(qp, kp, vp, mask_prefix[None, None])
            keep = min(p, c.window) if layer.sliding else p
            keys = torch.cat([kp[:, :, p - keep:].expand(r, -1, -1, -1), kr], 2)
            values = torch.cat([vp[:, :, p - keep:].expand(r, -1, -1, -1), vr], 2)
            a_rows = layer.attend(qr, keys, values, mask_rows[:, None])
            a = torch.cat([a_prefix[0].transpose(0, 1), a_rows.transpose(1, 2).reshape(r * t, c.heads, c.head)]).reshape(p + r * t, -1)
            x = layer.go_on(x, a, *layer.weights(self.quantize))
        return rms(x, self.norm, c.eps)[p:]

    def logits(self, states):
        return states @ self.head.t().to(states.dtype)
