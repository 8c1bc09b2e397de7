// Any bytes as a text to pack, which comes back as it was; and as a packed text, which is refused or fills
// the text and nothing else.
#include "tests/fuzz/fuzz.h"

#include "base/text_pack.h"

enum { MOST_LENGTH = 4096 };
static const char *const words[] = {"", "metadata spec status cluster.x-k8s.io/v1beta2 \"replicas\":"};

static void check_text(const char *text, size_t length, const char *with) {
    CLEANUP(buffer_clear) struct buffer packed;
    buffer_init(&packed, 2 * length + 64);
    text_pack(with, text, length, &packed);
    require(!packed.cut, "packing makes nothing much longer");
    // Of the exact size, so that a byte too many is seen.
    CLEANUP(free) char *bytes = memory_copy_text(buffer_text(&packed), packed.length);
    CLEANUP(free) char *again = memory_alloc(length + 1);
    require(text_unpack(with, bytes, packed.length, again, length), "what was packed is unpacked");
    require(memcmp(text, again, length) == 0 && again[length] == '\0', "it is the same text");
}

// The first two bytes say how long the text is to be.
static void check_packed(const uint8_t *data, size_t size, const char *with) {
    size_t length = ((size_t)data[0] << 8 | data[1]) % MOST_LENGTH;
    CLEANUP(free) char *bytes = memory_alloc(size - 2);
    CLEANUP(free) char *text = memory_alloc(length + 1);
    memcpy(bytes, data + 2, size - 2);
    if (text_unpack(with, bytes, size - 2, text, length)) {
        require(text[length] == '\0', "a text ends");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(free) char *text = fuzz_text(data, size);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        check_text(text, size, words[i]);
        if (size >= 2) {
            check_packed(data, size, words[i]);
        }
    }
    return 0;
}
