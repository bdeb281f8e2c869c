#!/bin/sh
# make.sh — makes nano from nothing: vocabulary, training, export, check, evaluation.
#
#   make.sh WORK_FOLDER OUT_FOLDER
#
# Needs Python 3.11 with the packages of requirements.txt, and a C++ compiler for what torch compiles. Training is
# about one and a half hours on one processor core.
set -eu
work=$1 out=$2
cd "$(dirname "$0")"
# Threads that wait without spinning: a training that shares its machine loses less.
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0
python vocabulary.py "$work"
python train.py --out "$work"
python export.py "$work" "$out" --check
python evaluate.py "$out" --count 300 --seed 4242
python evaluate.py "$out" --of strangers.jsonl
