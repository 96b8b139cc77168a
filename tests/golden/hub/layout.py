"""What the cache of huggingface_hub looks like after downloads from a hub on loopback.

    pip install huggingface_hub==2.4.0
    python layout.py > layout.txt
"""

import hashlib
import http.server
import os
import pathlib
import tempfile
import threading

CONTENT = b"0123456789" * 10000
ETAG = hashlib.sha256(CONTENT).hexdigest()
COMMITS = {"main": "1" * 40, "refs%2Fpr%2F1": "2" * 40, "3" * 40: "3" * 40}


class Hub(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)

    def answer(self, content):
        if not self.path.startswith("/acme/vit/resolve/"):
            return self.send_error(404)
        revision = self.path.split("/")[4]
        self.send_response(200)
        self.send_header("X-Repo-Commit", COMMITS[revision])
        self.send_header("X-Linked-Etag", f'"{ETAG}"')
        self.send_header("X-Linked-Size", str(len(CONTENT)))
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if content:
            self.wfile.write(CONTENT)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
threading.Thread(target=server.serve_forever, daemon=True).start()
with tempfile.TemporaryDirectory() as home:
    os.environ["HF_HOME"] = home
    os.environ["HF_ENDPOINT"] = f"http://127.0.0.1:{server.server_address[1]}"
    import huggingface_hub

    assert huggingface_hub.__version__ == "2.4.0"
    for revision in ["main", "refs/pr/1", "3" * 40]:
        huggingface_hub.hf_hub_download("acme/vit", "deep/model file.bin", revision=revision)
    hub = pathlib.Path(home) / "hub"
    lines = []
    for path in hub.rglob("*"):
        # The tag is for programs that make backups.
        if path.name == "CACHEDIR.TAG" or (path.is_dir() and not path.is_symlink()):
            continue
        if path.is_symlink():
            what = f"-> {os.readlink(path)}"
        elif path.stat().st_size <= 40:
            what = f"= {path.read_text()}"
        else:
            what = f": {path.stat().st_size}"
        lines.append(f"{path.relative_to(hub)} {what}".strip())
    print("\n".join(sorted(lines)))
