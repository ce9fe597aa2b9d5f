#!/bin/sh
# Runs the command line with the passwords that are mounted as files, so that none stands in a compose file or an image.
set -eu
secret() { # NAME FILE: set a variable from a file, when there is one and the variable is not set already
    eval "known=\${$1:-}"
    if [ -z "$known" ] && [ -r "$2" ]; then
        value=$(cat "$2")
        export "$1=$value"
    fi
}
secret PGPASSWORD /run/secrets/db_password
secret RECTIFLOW_MAIL__PASSWORD /run/secrets/mail_password
exec /opt/rectiflow/bin/rectiflow "$@"
