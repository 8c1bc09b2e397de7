# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

# Real manifests: every document of a guarded kind is sent to the API server as a dry run and given to
# `fleetgate check`; the verdicts must agree. Another folder of manifests: E2E_CORPUS.

# Splits all YAML files below FROM into documents of the guarded groups, one file each, below INTO.
corpus_split() {
    local from=$1 into=$2 file name
    mkdir -p "$into"
    while IFS= read -r -d '' file; do
        name=${file#"$from"/}
        awk -v prefix="$into/${name//\//_}-" '
            function flush() {
                if (guarded) {
                    out = prefix (++number) ".yaml"
                    printf "%s", text >out
                    close(out)
                }
                text = ""
                guarded = 0
            }
            { sub(/\r$/, "") }
            /^---/ { flush(); next }
            /^apiVersion: *["'\'']?([a-z]+\.)*(cluster\.x-k8s\.io|(kustomize|helm)\.toolkit\.fluxcd\.io)\// { guarded = 1 }
            { text = text $0 "\n" }
            END { flush() }' "$file"
    done < <(find "$from" -name '*.y*ml' -type f -print0 | sort -z)
}

# corpus_substitute REGION COUNT: fills in ${VARIABLES} as a user would: their default, or what suits the name.
corpus_substitute() {
    sed -E -e 's/\$\{[A-Za-z0-9_]+:?[=-]"?([^}"$]+)"?\}/\1/g' \
        -e 's/\$\{[A-Z0-9_]*(COUNT|REPLICAS|SIZE|MIN|MAX)[A-Z0-9_]*\}/'"$2"'/g' \
        -e 's/\$\{[A-Z0-9_]*VERSION[A-Z0-9_]*\}/v1.31.0/g' \
        -e 's/\$\{[A-Z0-9_]*(REGION|LOCATION)[A-Z0-9_]*\}/'"$1"'/g' \
        -e 's/\$\{[A-Za-z0-9_]+(:?[=-][^}]*)?\}/value/g'
}

# Namespaces that the documents name: a request for one that is not there never reaches the gate.
corpus_namespaces() {
    local name
    sed -nE 's/^  namespace: *"?([a-z0-9]([-a-z0-9]*[a-z0-9])?)"? *$/\1/p' "$1"/*/*.yaml | sort -u | while read -r name; do
        kube admin get namespace "$name" >/dev/null 2>&1 || make_namespace "$name"
    done
}

# What the API server says to a document: allowed, denied, or why the gate had no say. Sets text.
corpus_server() {
    if text=$(kube alice create --validate=false --dry-run=server -f "$1" 2>&1); then
        verdict=allowed
        return
    fi
    case $text in
        *'denied the request: ['*) verdict=denied ;;
        *'no matches for kind'*) verdict=unserved ;;
        *'error parsing'* | *'error converting YAML'*) verdict=no-yaml ;;
        # An unresolved ${NAMESPACE}: the only kind of namespace that was not made before.
        *'namespaces "'*'" not found'* | *'is invalid: '* | *'is required'* | *'cannot be handled as'*) verdict=invalid ;;
        *) verdict=odd ;;
    esac
}

# What check says to the same document. Sets text.
corpus_check() {
    local status=0
    text=$("$fleetgate" check "$1" -o json --config "$main_config" 2>&1) || status=$?
    case $status in
        0) verdict=allowed ;;
        1) verdict=denied ;;
        3) verdict=unknown ;;
        *) verdict=odd ;;
    esac
}

# The first line of a denial, as it stands in check's report.
corpus_headline() {
    local line=${1##*denied the request: }
    line=${line%%$'\n'*} line=${line//\\/\\\\}
    echo "\"headline\": \"${line//\"/\\\"}\""
}

# corpus_agree SERVER SERVER-TEXT CHECK CHECK-TEXT: a placeholder that is not resolved makes the verdict unknown, which
# check fails and the API server lets pass. What the server itself refuses must still not confuse check.
corpus_agree() {
    case $1/$3 in
        allowed/allowed | allowed/unknown) ;;
        denied/denied) [[ $4 == *"$(corpus_headline "$2")"* ]] ;;
        unserved/* | no-yaml/* | invalid/*) [[ $3 != odd ]] ;;
        *) return 1 ;;
    esac
}

# Three forms of each document: as it stands, filled in so that it suits the policies, and so that it does not.
corpus_prepare() {
    local from=$1 into=$2 document name
    corpus_split "$from" "$into/raw"
    mkdir -p "$into/good" "$into/bad"
    for document in "$into"/raw/*.yaml; do
        # shellcheck disable=SC2016  # ${ is meant
        grep -q '\${' "$document" || continue
        name=${document##*/}
        corpus_substitute eu-west-1 3 <"$document" >"$into/good/$name"
        corpus_substitute us-east-1 30 <"$document" >"$into/bad/$name"
    done
    corpus_namespaces "$into"
}

case_corpus() {
    local from=${E2E_CORPUS:-$project/../shared/corpus} into=$cluster_dir/corpus
    local document server server_text verdict text mistakes='' tally=$cluster_dir/corpus.tally
    [[ -d $from ]] || skip_case "no folder $from; another one can be given as E2E_CORPUS"
    corpus_prepare "$from" "$into"
    for document in "$into"/*/*.yaml; do
        corpus_server "$document"
        server=$verdict server_text=$text
        corpus_check "$document"
        echo "$server/$verdict" >>"$tally"
        corpus_agree "$server" "$server_text" "$verdict" "$text" ||
            mistakes+="$(sed -n 's/^kind: //p' "$document") in ${document#"$into/"}: server $server, check $verdict
$server_text
$text
"
    done
    note "$(sort "$tally" | uniq -c | awk '{ printf "%s%d %s", (NR > 1 ? ", " : ""), $1, $2 }')"
    equal "documents with other verdicts (server/check)" "" "$mistakes"
    ((++checks))
    (($(grep -cE '^(allowed|denied)/(allowed|denied)$' "$tally") >= 50)) ||
        fail "expected at least 50 documents that both sides decide
came: $(<"$cluster_dir/case.note")"
}
