// The compiled kernels, as bytes of the program.
#include "include/CGPUKernels.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t general_ptx[] = {
#embed "compiled/general.ptx"
    , 0,
};
static const uint8_t commit_ptx[] = {
#embed "compiled/commit.ptx"
    , 0,
};
static const uint8_t tensor_ptx[] = {
#embed "compiled/tensor.ptx"
    , 0,
};
static const uint8_t hopper_sm90a[] = {
#embed "compiled/hopper_sm90a.cubin"
};
static const char source_digest[] = {
#embed "compiled/source.sha256" limit(64)
    , 0,
};

// The newest first: a kernel is taken from the first image that a device can load.
static const struct gpu_image images[] = {
    {"hopper_sm90a.cubin", hopper_sm90a, sizeof hopper_sm90a, 90, 1},
    {"tensor.ptx", tensor_ptx, sizeof tensor_ptx, 80, 0},
    {"commit.ptx", commit_ptx, sizeof commit_ptx, 70, 0},
    {"general.ptx", general_ptx, sizeof general_ptx, 70, 0},
};

const struct gpu_image *gpu_images(int *count) {
    *count = (int)(sizeof images / sizeof images[0]);
    return images;
}

const char *gpu_source_digest(void) { return source_digest; }
