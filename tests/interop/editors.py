"""The schema in the hands of editors: yaml-language-server and tombi take every configuration of the
project, underline a mistake, and (yaml-language-server) complete keys and names.

    npm install yaml-language-server && pip install tombi
    python tests/interop/editors.py --yamlls node_modules/.bin/yaml-language-server --tombi tombi
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "docs/lanthorn.schema.json"


class Server:
    """A language server over stdin and stdout."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            [command, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.number = 0
        self.diagnostics = {}
        self.ask("initialize", {"processId": None, "rootUri": ROOT.as_uri(), "capabilities": {
            "textDocument": {"completion": {"completionItem": {"documentationFormat": ["markdown"]}}}}})
        self.tell("initialized", {})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def ask(self, method, params):
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        return self.until(lambda message: message.get("id") == self.number and "method" not in message)["result"]

    def until(self, is_wanted):
        while True:
            length = 0
            while line := self.process.stdout.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            message = json.loads(self.process.stdout.read(length))
            if message.get("method") == "textDocument/publishDiagnostics":
                self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
            elif "method" in message and "id" in message:  # the server asks: nothing is set
                items = (message.get("params") or {}).get("items", [])
                self.send({"id": message["id"], "result": [None for _ in items]})
            if is_wanted(message):
                return message

    def open(self, uri, text):
        self.diagnostics.pop(uri, None)
        self.tell("textDocument/didOpen", {"textDocument": {
            "uri": uri, "languageId": "yaml", "version": 1, "text": text}})
        self.until(lambda _: uri in self.diagnostics)
        return [diagnostic["message"] for diagnostic in self.diagnostics[uri]]

    def complete(self, uri, line, character):
        found = self.ask("textDocument/completion", {
            "textDocument": {"uri": uri}, "position": {"line": line, "character": character}})
        return [item["label"] for item in (found["items"] if isinstance(found, dict) else found or [])]


HEAD = f"# yaml-language-server: $schema={SCHEMA.as_uri()}\n"


def yaml_server(command, wrong):
    server = Server(command)
    count = 0
    for path in sorted((ROOT / "configs").glob("*.yaml")):
        count += 1
        for message in server.open(path.as_uri(), path.read_text()):
            wrong.append(f"{path.name}: {message}")
    with tempfile.TemporaryDirectory() as folder:
        def uri(name):
            return (pathlib.Path(folder) / name).as_uri()

        mistakes = {"fit: {epoch: 3}": "epoch", "model: {layers: [dens]}": "dens", "fit: {batch_size: 0}": "0"}
        for place, (text, word) in enumerate(mistakes.items()):
            model = "" if text.startswith("model") else "model: {layers: [flatten]}\n"
            found = server.open(uri(f"{place}.yaml"), f"{HEAD}{model}{text}\n")
            if not found:
                wrong.append(f"`{text}` is not underlined ({word})")
        text = HEAD + "model:\n  layers:\n    - dense:\n        units: 8\n        \nfit:\n  \n"
        server.open(uri("complete.yaml"), text)
        for line, character, wanted in [(5, 8, "activation"), (7, 2, "epochs")]:
            labels = server.complete(uri("complete.yaml"), line, character)
            if wanted not in labels:
                wrong.append(f"`{wanted}` is not offered: {labels[:20]}")
        text = HEAD + "model:\n  layers:\n    - \n"
        server.open(uri("layers.yaml"), text)
        labels = server.complete(uri("layers.yaml"), 3, 6)
        if not {"dense", "conv2d"} <= set(labels):
            wrong.append(f"layers are not offered: {labels[:20]}")
    server.process.kill()
    print(f"yaml-language-server: {count} configurations, {len(mistakes)} mistakes, 3 completions")


def tombi(command, wrong):
    good = subprocess.run([command, "lint", "--offline", str(ROOT / "configs/loan.toml")], capture_output=True, text=True)
    if good.returncode != 0:
        wrong.append(f"tombi: loan.toml: {good.stdout}{good.stderr}")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {"key": "[fit]\nepoch = 3\n", "bound": "[fit]\nbatch_size = 0\n"}.items():
            path = pathlib.Path(folder) / f"{name}.toml"
            path.write_text(f"#:schema {SCHEMA.as_uri()}\n[model]\nlayers = [\"flatten\"]\n{text}")
            done = subprocess.run([command, "lint", "--offline", str(path)], capture_output=True, text=True)
            if done.returncode == 0:
                wrong.append(f"tombi takes {text!r}: {done.stdout}{done.stderr}")
    print("tombi: 1 configuration, 2 mistakes")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--yamlls", default=shutil.which("yaml-language-server"))
    parser.add_argument("--tombi", default=shutil.which("tombi"))
    arguments = parser.parse_args()
    wrong = []
    if arguments.yamlls:
        yaml_server(arguments.yamlls, wrong)
    else:
        print("not checked: yaml-language-server is not installed")
    if arguments.tombi:
        tombi(arguments.tombi, wrong)
    else:
        print("not checked: tombi is not installed")
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
