#!/bin/sh
# SERVER: the address of the server. LOGINS: who may log in, a line each as userlist.txt has it: "name" "password".
set -e
printf '%s\n' "$LOGINS" >/tmp/userlist.txt
cat >/tmp/pgbouncer.ini <<EOF
[databases]
* = host=$SERVER port=5432
[pgbouncer]
listen_addr = *
listen_port = 5432
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /tmp/userlist.txt
pool_mode = transaction
EOF
exec pgbouncer /tmp/pgbouncer.ini
