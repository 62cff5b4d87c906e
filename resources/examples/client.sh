#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Asks a model behind pdlb with curl: client.sh [BASE_URL], e.g. http://127.0.0.1:30000
set -euo pipefail

base=${1:-http://127.0.0.1:30000}

ask() { # ask PATH BODY
    curl --silent --show-error --fail-with-body --no-buffer "$base$1" -H 'Content-Type: application/json' -d "$2"
    echo
}

echo "# one answer"
ask /v1/chat/completions '{"model": "default", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}'

echo "# the same, token by token"
ask /v1/chat/completions '{"model": "default", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8, "stream": true}'

echo "# SGLang's own endpoint, two prompts in one request"
ask /generate '{"text": ["The sky is", "The sea is"], "sampling_params": {"max_new_tokens": 4}}'
