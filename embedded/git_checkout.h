// A directory that lies in a git work tree: is git, or somebody with git, in the middle of something?
#pragma once

#include "base/buffer.h"

// ret_why: "/fleet/.git/index.lock: git is changing files". False also outside of any work tree.
bool git_checkout_is_busy(const char *directory, struct buffer *ret_why);
