#include "manifest/yaml_problem.h"

#include <string.h>

const char *yaml_problem_words(const char *problem, char character) {
    static const struct {
        const char *problem;
        const char *words;
    } known[] = {
        {"mapping values are not allowed in this context",
         "a ':' where no key can be; check the indentation, or put the text in quotes"},
        {"did not find expected key", "expected a key; check the indentation, or put the text in quotes"},
        {"did not find expected '-' indicator",
         "expected '- ' as the list's other items; check the indentation"},
        {"could not find expected ':'", "expected ':' after this key"},
        {"block sequence entries are not allowed in this context",
         "a list item where none can be; check the indentation"},
        {"did not find expected ',' or ']'", "expected ',' or ']'"},
        {"did not find expected ',' or '}'", "expected ',' or '}'"},
        {"did not find expected node content", "expected a value"},
        {"found unexpected end of stream", "a quoted text is not closed"},
        {"found unexpected document indicator", "a quoted text is not closed"},
        {"mapping keys are not allowed in this context", "a key where none can be; check the indentation"},
        {"found unexpected ':'", "a ':' inside a flow list or map; put the text in quotes"},
        {"found unknown escape character",
         "an unknown escape after '\\' in double quotes; write '\\\\', or use single quotes"},
        {"did not find expected hexdecimal number", "this escape takes hexadecimal digits"},
        {"found invalid Unicode character escape code", "an escape that is no character"},
        {"did not find expected <document start>",
         "unexpected text after the document's end; check the indentation"},
        {"found character that cannot start any token",
         "this character can't begin a value; put the text in quotes"},
        {"found undefined tag handle", "a tag (!x!y) whose handle no %TAG line defines"},
        {"found incompatible YAML document", "a %YAML version other than 1.1 or 1.2"},
    };
    if (strstr(problem, "found a tab") || (character == '\t' && strstr(problem, "cannot start any token"))) {
        return "a tab; YAML is indented with spaces";
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(problem, known[i].problem) == 0) {
            return known[i].words;
        }
    }
    return problem;
}
