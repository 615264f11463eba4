"""Runs all cells of a notebook in Deno's Jupyter kernel, in the folder of the notebook, and writes it with its results.

    python3 tools/run_notebook.py DENO examples/notebook.ipynb OUTPUT [--steps N]

DENO is Deno's program. Results of more than 50 kB are left out, except with --steps, with which the training cell trains only that
many steps, in a temporary folder. Exits with 1 and the error if a cell fails. Needs the packages jupyter_client and nbformat.

To renew the results in the repository, delete runs/notebook, and write to examples/notebook.ipynb itself.
"""
import argparse
import json
import os
import queue
import sys
import tempfile

import nbformat
from jupyter_client.manager import start_new_kernel
from nbformat.v4 import output_from_msg

RESULTS = ("stream", "display_data", "execute_result", "error")


def replace(notebook, old, new):
    """Replaces a text that must be in one of the cells."""
    cells = [cell for cell in notebook.cells if old in cell.source]
    if not cells:
        sys.exit(f"no cell contains {old}")
    for cell in cells:
        cell.source = cell.source.replace(old, new)


def run(client, cell):
    """Runs a cell, and stores its results in it. Deno may send a result after it has reported that the cell is done (nbclient loses such
    results), so this function also waits for a second of silence."""
    request = client.execute(cell.source, stop_on_error=False)
    cell.outputs = []
    is_done = False
    while True:
        try:
            message = client.get_iopub_msg(timeout=1 if is_done else 600)
        except queue.Empty:
            break
        if message["parent_header"].get("msg_id") != request:
            continue
        content = message["content"]
        if message["msg_type"] == "status":
            is_done = content["execution_state"] == "idle"
        elif message["msg_type"] in RESULTS:
            add(cell.outputs, output_from_msg(message))
    reply = client.get_shell_msg(timeout=60)["content"]
    if reply["status"] != "ok":
        sys.exit(f"this cell failed:\n{cell.source}\n\n{reply}\n{cell.outputs}")
    cell.execution_count = reply["execution_count"]


def add(outputs, output):
    """Adds an output. What is printed becomes one output."""
    last = outputs[-1] if outputs else None
    if last is not None and output.output_type == "stream" and last.get("name") == output.name:
        last.text += output.text
    else:
        outputs.append(output)


parser = argparse.ArgumentParser()
parser.add_argument("deno")
parser.add_argument("notebook")
parser.add_argument("output")
parser.add_argument("--steps", type=int)
arguments = parser.parse_args()
notebook = nbformat.read(arguments.notebook, as_version=4)
with tempfile.TemporaryDirectory() as work:
    kernel = os.path.join(work, "kernels", "deno")
    os.makedirs(kernel)
    command = [os.path.abspath(arguments.deno), "jupyter", "--kernel", "--conn", "{connection_file}"]
    with open(os.path.join(kernel, "kernel.json"), "w") as file:
        json.dump({"argv": command, "display_name": "Deno", "language": "typescript"}, file)
    os.environ["JUPYTER_PATH"] = work
    if arguments.steps is not None:
        replace(notebook, "maxSteps: 600", f"maxSteps: {arguments.steps}")
        replace(notebook, "const folder = '..'", f"const folder = {json.dumps(work)}")
    folder = os.path.dirname(os.path.abspath(arguments.notebook))
    manager, client = start_new_kernel(startup_timeout=120, kernel_name="deno", cwd=folder)
    try:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                run(client, cell)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
for cell in notebook.cells:
    if arguments.steps is None and len(json.dumps(cell.get("outputs", []))) > 50_000:
        cell.outputs = []
with open(arguments.output, "w") as file:
    file.write(nbformat.writes(notebook, indent=1) + "\n")
