// What the objects of clusters are full of, for text_pack: with it they take a fifth of their bytes.
#pragma once

extern const char object_words[];
