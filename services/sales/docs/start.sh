# To be sourced from the root of the repository: a tenant of your own, and short words for calls.
# Every run has a new tenant, so that a guide can be gone through again; `. start.sh demo` takes the demo's.
GATEWAY=http://127.0.0.1:${KEHU_GATEWAY_PORT:-8080}/api
KEHU=$GATEWAY/sales
TENANT=${1:-t$(date +%s)$RANDOM}
TODAY=$(TZ=Asia/Shanghai date +%F)      # days are cut in the tenant's time zone
token() { .venv/bin/kehu token --tenant "$TENANT" "$@"; }
TOKEN=$(token)                          # an administrator
call() { curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$KEHU$1" "${@:2}"; echo; }
customer() { curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$GATEWAY/customer$1" "${@:2}"; echo; }
# get URL [-d name=value]... [options of curl]: values may hold any text, they are encoded
get() { local url=$1 one all=(); shift; for one; do [ "$one" = -d ] && one=--data-urlencode; all+=("$one"); done; call "$url" -G "${all[@]}"; }
# post URL [body] [options of curl, such as -H 'Idempotency-Key: 1']: without a body it is {}
post() { case ${2:--} in -*) call "$1" -d '{}' "${@:2}" ;; *) call "$1" -d "$2" "${@:3}" ;; esac; }
etag() { curl -s -o /dev/null -D - -H "Authorization: Bearer $TOKEN" "$KEHU$1" | tr -d '\r' | sed -n 's/^etag: //Ip'; }
change() { call "$1" -X PATCH -H "If-Match: $(etag "${3:-$1}")" -d "$2"; }    # as it stands now
id() { python3 -c 'import json, sys; one = json.load(sys.stdin); print(one["id"]) if "id" in one else sys.exit(json.dumps(one, ensure_ascii=False))'; }
