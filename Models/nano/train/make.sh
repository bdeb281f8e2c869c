#!/bin/sh
# make.sh — makes nano from nothing: vocabulary, training, export, check, evaluation.
#
#   make.sh WORK_FOLDER OUT_FOLDER [LAST_STEP]
#
# Needs Python 3.11 and the packages of requirements.txt. Training takes a few hours of processor time.
set -eu
work=$1 out=$2
cd "$(dirname "$0")"
# Threads that wait without spinning: a training that shares its machine loses less.
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0
python vocabulary.py "$work"
python train.py --out "$work" ${3:+--until "$3"}
python export.py "$work" "$out" --check
python evaluate.py "$out" --count 300
