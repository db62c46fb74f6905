#!/bin/sh
# All tables of docs/performance.md on an idle machine, the core first. Needs a release build.
#
#     PEERS_PYTHON=VENV/bin/python PEERS_DATA=DIR WORKLOADS=PATH/workloads.py benches/suite/run.sh [core|all] > tables.txt
#
# core (estimated at ten minutes on two idle cores): start-up, and nine shapes of the second suite in 3
# pairs beside PEERS (Keras on JAX, and a jitted scan). all: then the shapes of both suites and 20 random
# models of SEED in 7 pairs, and the whole processes of W1 to W9 beside PyTorch and Keras on JAX (hours).
set -eu
cd "$(dirname "$0")"
python=${PEERS_PYTHON:-python3}
peers=${PEERS:-keras-jax,scan}
python3 start_up.py
"$python" second.py --only N1,N2,N4,N5,N7,S1,S3,S5,S7 --peers "$peers" --pairs "${PAIRS:-3}" --markdown
[ "${1:-core}" = all ] || exit 0
"$python" second.py --peers "$peers" --pairs "${PAIRS:-7}" --markdown
"$python" second.py --only none --random 20 --seed "${SEED:-1}" --peers "$peers" --pairs "${PAIRS:-7}" --markdown
python3 run.py --data "$PEERS_DATA" --peers "$python" --workloads "$WORKLOADS" --peer torch,keras-jax
