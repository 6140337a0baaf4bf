#!/bin/sh
# Make the passwords of this deployment, each once, in the volumes of those who need them. What is there
# already stays: to bring your own, write the files before the first start.
set -eu
umask 077

# once FILE MODE: write standard input to a file that is not there yet, in one step.
once() {
    if [ -s "$1" ]; then cat >/dev/null; return; fi
    cat >"$1.new"
    chmod "$2" "$1.new"
    mv "$1.new" "$1"
    echo "made $1"
}

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# The database's server and Grafana read their files as other users; nobody else mounts those volumes.
random | once /secrets/database/password 0444
random | once /secrets/grafana/password 0444
printf 'requirepass %s\n' "$(random)" | once /secrets/broker/broker.conf 0400

# Of the bucket, where the profile s3 keeps blobs.
if [ ! -s /secrets/s3/s3.json ]; then
    access=$(random | cut -c1-20) secret=$(random)
    printf '{"identities": [{"name": "cellgebra", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}\n' \
        "$access" "$secret" | once /secrets/s3/s3.json 0444
    printf %s "$access" | once /secrets/service/cellgebra_artifact_access_key 0400
    printf %s "$secret" | once /secrets/service/cellgebra_artifact_secret_key 0400
fi

# The superuser of the database's server makes the role of the service (docker/migrate.sh), and sets its password.
printf 'postgresql://postgres:%s@db:5432/postgres' "$(cat /secrets/database/password)" | once /secrets/database/admin_url 0400
printf 'postgresql://cellgebra:%s@db:5432/cellgebra' "$(random)" | once /secrets/service/cellgebra_database_url 0400
broker=$(sed -n 's/^requirepass //p' /secrets/broker/broker.conf)
printf 'redis://:%s@broker:6379/0' "$broker" | once /secrets/service/cellgebra_broker_url 0400
