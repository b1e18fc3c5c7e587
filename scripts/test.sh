#!/bin/sh
# Runs all tests, or those that are named: scripts/test.sh server/test/wire/*.test.ts
cd "$(dirname "$0")/.." || exit 1
[ $# -gt 0 ] || set -- 'media/src/**/*.test.ts' 'producer/src/**/*.test.ts' 'server/src/**/*.test.ts' 'server/test/**/*.test.ts'
exec node_modules/.bin/node --conditions=millrace-source --disable-warning=ExperimentalWarning \
  --test --test-concurrency="$(getconf _NPROCESSORS_ONLN)" "$@"
