#!/usr/bin/env bash
# Run once by the service `credentials` of docker-compose.yml, as root, in the image of es-gencert-cli. What is there
# already is kept, so that a restart changes no key. Its volumes: /authority, /trust, /certificates/<node>, /ledgers/<n>.
set -euo pipefail
umask 077

# A cluster keeps the passwords that it is given first, and the admin's stands in the ledgers' address as it is.
for password in "${KURRENTDB_ADMIN_PASSWORD:-}" "${KURRENTDB_OPS_PASSWORD:-}"; do
  case $password in
    '' | change-before-use | *[!A-Za-z0-9]*)
      echo 'KURRENTDB_ADMIN_PASSWORD and KURRENTDB_OPS_PASSWORD must be set, to letters and digits only' >&2
      exit 1
      ;;
  esac
done

# Where the volumes are; the tests have them elsewhere.
root=${CREDENTIALS_ROOT:-}
authority=$root/authority
# Of the users that the images run their programs as: kurrent, and node.
owner=1000:1000

if [ ! -d "$authority/ca" ]; then
  rm -rf "$authority/ca.new"
  es-gencert-cli create-ca -out "$authority/ca.new"
  mv "$authority/ca.new" "$authority/ca"
fi
install -m 644 "$authority/ca/ca.crt" "$root/trust/ca.crt"
# The volume's own directory must be one that others may look into.
chmod 755 "$root/trust"

for node in node1 node2 node3; do
  directory=$root/certificates/$node
  if [ ! -f "$directory/node.key" ]; then
    made=$(mktemp -d)
    es-gencert-cli create-node -ca-certificate "$authority/ca/ca.crt" -ca-key "$authority/ca/ca.key" \
      -out "$made/$node" -dns-names "$node,localhost" -ip-addresses 127.0.0.1
    # The key last: it says that all is there.
    install -m 600 "$made/$node/node.crt" "$directory/node.crt"
    install -m 600 "$made/$node/node.key" "$directory/node.key"
    rm -r "$made"
  fi
  chown -R "$owner" "$directory"
  chmod 700 "$directory"
done

# 32 random bytes as base64url, which is what a ledger makes for itself where there is no key.
if [ ! -f "$authority/admin.key" ]; then
  head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n' > "$authority/admin.key.new"
  mv "$authority/admin.key.new" "$authority/admin.key"
fi
for data in "$root/ledgers/1" "$root/ledgers/2"; do
  install -m 600 "$authority/admin.key" "$data/admin.key"
  chown "$owner" "$data" "$data/admin.key"
  chmod 700 "$data"
done
