#!/usr/bin/env python3
"""compare-snapshot.py: whether `martlet model pull` leaves what huggingface_hub.snapshot_download leaves.

    python3 -m venv venv && venv/bin/pip install huggingface_hub
    venv/bin/python Docs/evidence/compare-snapshot.py

Both fetch the same repository from the stand-in of a hub (Tests/StandIns/hub.py), whose pages of a listing, relative
redirects, signed links on a second port and tags are those of the real one, each into a cache of its own. Compared
are all paths, the contents of files and the targets of links; trees/COMMIT.json, in which the library keeps the
listing for itself, is named and left out. Its Xet protocol is switched off: neither the
stand-in nor the program speaks it. For development; no test needs it.
"""
import hashlib, json, os, random, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARTLET = os.environ.get("MARTLET", ROOT + "/martlet")
SHARDS = ["model-00000-of-00001.safetensors", "model-00001-of-00001.safetensors"]


def tree(folder):
    found = {}
    for base, folders, names in os.walk(folder):
        for name in names + [f for f in folders if os.path.islink(os.path.join(base, f))]:
            path = os.path.join(base, name)
            found[os.path.relpath(path, folder)] = (
                "-> " + os.readlink(path) if os.path.islink(path)
                else hashlib.sha256(open(path, "rb").read()).hexdigest())
    return found


def compare(title, ours, theirs):
    same = sorted(path for path in ours if ours[path] == theirs.get(path))
    print("%s: %d paths alike" % (title, len(same)))
    for kind in ("refs", "blobs", "snapshots"):
        print("  %-9s %d" % (kind, sum(path.startswith(kind + "/") for path in same)))
    different = [path for path in ours if path in theirs and ours[path] != theirs[path]]
    print("  different: %s" % (different or "none"))
    print("  only ours: %s" % (sorted(set(ours) - set(theirs)) or "none"))
    print("  only theirs: %s" % (sorted(set(theirs) - set(ours)) or "none"))
    # trees/COMMIT.json is the library's note to itself of what the hub listed; nobody else reads it.
    return not different and set(ours) == {path for path in theirs if not path.startswith("trees/")}


def main():
    os.environ.update(HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_PROGRESS_BARS="1")
    import huggingface_hub
    with tempfile.TemporaryDirectory() as work:
        random.seed(11)
        files = {name: random.randbytes(count) for name, count in zip(SHARDS, (9_000_000, 200_001))}
        files.update({"tokenizer.json": random.randbytes(70_000), "config.json": b'{"model_type": "gpt_oss"}',
                      "generation_config.json": b"", "LICENSE": b"Apache", "README.md": b"# Tiny\n",
                      "model.safetensors.index.json":
                          json.dumps({"weight_map": {"a": SHARDS[0], "b": SHARDS[1]}}).encode()})
        more = {"original/model.safetensors": random.randbytes(5000), "metal/model.bin": random.randbytes(5000)}
        for repository, content in (("org/tiny", files), ("org/more", {**files, **more})):
            for name, data in content.items():
                path = os.path.join(work, "root", repository, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                open(path, "wb").write(data)
        hub = subprocess.Popen([sys.executable, ROOT + "/Tests/StandIns/hub.py", work + "/root"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        endpoint = "http://127.0.0.1:%d" % json.loads(hub.stdout.readline())["hub"]
        print("huggingface_hub %s, against %s" % (
            huggingface_hub.__version__,
            subprocess.run([MARTLET, "--version"], capture_output=True, text=True).stdout.strip()))
        good = True
        try:
            for repository, chosen in (("org/tiny", None), ("org/more", sorted(files))):
                ours, theirs = work + "/ours", work + "/theirs"
                subprocess.run([MARTLET, "model", "pull", repository], check=True, stdout=subprocess.DEVNULL,
                               env={**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": ours, "HF_TOKEN": ""})
                huggingface_hub.snapshot_download(repository, endpoint=endpoint, cache_dir=theirs + "/hub",
                                                  token=False, allow_patterns=chosen)
                folder = "/hub/models--" + repository.replace("/", "--")
                title = repository + ("" if chosen is None else ", of which only what loading needs")
                good = compare(title, tree(ours + folder), tree(theirs + folder)) and good
                # Theirs finds what ours fetched, without asking for a byte of it.
                seen = huggingface_hub.snapshot_download(repository, endpoint=endpoint, cache_dir=ours + "/hub",
                                                         token=False, local_files_only=True)
                print("  found in our cache without the network: %s" % os.path.relpath(seen, ours + "/hub"))
        finally:
            hub.stdin.close()
            hub.wait()
    print("the trees are equal, but for trees/" if good else "the trees differ")
    return 0 if good else 1


sys.exit(main())
