#pragma once
// The driver's functions that are used, under the names and types of its interface (CUDA 12).
#include "include/CGPUKernels.h"

struct gpu_driver {
    void *library;
    int (*init)(unsigned);
    int (*device_get_count)(int *);
    int (*device_get)(int *, int);
    int (*device_get_name)(char *, int, int);
    int (*device_total_memory)(size_t *, int);
    int (*device_get_attribute)(int *, int, int);
    int (*primary_retain)(void **, int);
    int (*primary_release)(int);
    int (*context_set_current)(void *);
    int (*context_synchronise)(void);
    int (*module_load_data)(void **, const void *);
    int (*module_unload)(void *);
    int (*module_get_function)(void **, void *, const char *);
    int (*memory_allocate)(uint64_t *, size_t);
    int (*memory_free)(uint64_t);
    int (*copy_to_device)(uint64_t, const void *, size_t);
    int (*copy_to_host)(void *, uint64_t, size_t);
    int (*copy_within)(uint64_t, uint64_t, size_t);
    int (*memory_set)(uint64_t, unsigned char, size_t);
    int (*memory_info)(size_t *, size_t *);
    int (*function_set_attribute)(void *, int, int);
    int (*launch)(
        void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *,
        void **, void **);
    int (*event_create)(void **, unsigned);
    int (*event_destroy)(void *);
    int (*event_record)(void *, void *);
    int (*event_synchronise)(void *);
    int (*event_elapsed)(float *, void *, void *);
    int (*tensor_map_encode)(
        void *, int, uint32_t, void *, const uint64_t *, const uint64_t *, const uint32_t *,
        const uint32_t *, int, int, int, int);
};
