// One device with the kernels loaded.
#include "driver.h"
#include <stdlib.h>

enum { MODULE_LIMIT = 8, ALLOCATION_LIMIT = 64, SHARED_AT_ONCE = 48 << 10 };

struct gpu_session {
    struct gpu_driver *driver;
    int device;
    void *context;
    int modules;
    void *module[MODULE_LIMIT];
    uint64_t allocation[ALLOCATION_LIMIT];
    void *mark[2];
};

/// The driver, with this session's device for the calling thread.
static struct gpu_driver *use(struct gpu_session *session) {
    session->driver->context_set_current(session->context);
    return session->driver;
}

/// Whether a device of this capability can load an image.
static int fits(const struct gpu_image *image, int capability) {
    return image->is_cubin ? image->capability == capability : image->capability <= capability;
}

struct gpu_session *gpu_session_start(struct gpu_driver *driver, int index, int *code) {
    struct gpu_device device;
    *code = gpu_device_describe(driver, index, &device);
    struct gpu_session *session = *code == 0 ? calloc(1, sizeof *session) : NULL;
    if (session == NULL) return NULL;
    session->driver = driver;
    *code = driver->device_get(&session->device, index);
    if (*code == 0) *code = driver->primary_retain(&session->context, session->device);
    if (*code != 0) {
        free(session);
        return NULL;
    }
    *code = driver->context_set_current(session->context);
    int count;
    const struct gpu_image *images = gpu_images(&count);
    for (int i = 0; i < count && *code == 0 && session->modules < MODULE_LIMIT; i++) {
        if (!fits(&images[i], device.capability)) continue;
        void *module = NULL;
        const int loaded = driver->module_load_data(&module, images[i].bytes);
        if (loaded == 0)
            session->module[session->modules++] = module;
        else if (!images[i].is_cubin)
            // A cubin that is not taken has PTX behind it; PTX has nothing.
            *code = loaded;
    }
    for (int i = 0; i < 2 && *code == 0; i++) *code = driver->event_create(&session->mark[i], 0);
    if (*code == 0) return session;
    gpu_session_end(session);
    return NULL;
}

void gpu_session_end(struct gpu_session *session) {
    if (session == NULL) return;
    struct gpu_driver *driver = use(session);
    for (int i = 0; i < ALLOCATION_LIMIT; i++)
        if (session->allocation[i] != 0) driver->memory_free(session->allocation[i]);
    for (int i = 0; i < 2; i++)
        if (session->mark[i] != NULL) driver->event_destroy(session->mark[i]);
    for (int i = 0; i < session->modules; i++) driver->module_unload(session->module[i]);
    driver->primary_release(session->device);
    free(session);
}

uint64_t gpu_allocate(struct gpu_session *session, size_t bytes) {
    for (int i = 0; i < ALLOCATION_LIMIT; i++) {
        if (session->allocation[i] != 0) continue;
        uint64_t address = 0;
        if (use(session)->memory_allocate(&address, bytes) != 0) return 0;
        session->allocation[i] = address;
        return address;
    }
    return 0;
}

void gpu_free(struct gpu_session *session, uint64_t address) {
    for (int i = 0; i < ALLOCATION_LIMIT && address != 0; i++) {
        if (session->allocation[i] != address) continue;
        session->allocation[i] = 0;
        use(session)->memory_free(address);
    }
}

uint64_t gpu_memory_left(struct gpu_session *session) {
    size_t left = 0, all = 0;
    return use(session)->memory_info(&left, &all) == 0 ? left : 0;
}

int gpu_copy_in(struct gpu_session *session, uint64_t to, const void *from, size_t bytes) {
    return use(session)->copy_to_device(to, from, bytes);
}

int gpu_copy_out(struct gpu_session *session, void *to, uint64_t from, size_t bytes) {
    return use(session)->copy_to_host(to, from, bytes);
}

int gpu_copy_within(struct gpu_session *session, uint64_t to, uint64_t from, size_t bytes) {
    return use(session)->copy_within(to, from, bytes);
}

int gpu_fill(struct gpu_session *session, uint64_t to, uint8_t byte, size_t bytes) {
    return use(session)->memory_set(to, byte, bytes);
}

/// The kernel of that name in the first image that has it, or null.
static void *find(struct gpu_session *session, const char *kernel) {
    for (int i = 0; i < session->modules; i++) {
        void *function = NULL;
        if (use(session)->module_get_function(&function, session->module[i], kernel) == 0)
            return function;
    }
    return NULL;
}

int gpu_has(struct gpu_session *session, const char *kernel) {
    return find(session, kernel) != NULL;
}

int gpu_describe_matrix(
    struct gpu_session *session, struct gpu_map *map, uint64_t address, uint64_t rows,
    uint64_t row_bytes) {
    // CU_TENSOR_MAP_DATA_TYPE_UINT8, ..._INTERLEAVE_NONE, ..._SWIZZLE_128B,
    // ..._L2_PROMOTION_L2_256B, ..._FLOAT_OOB_FILL_NONE: what lies past the edges reads as zero.
    enum { BYTES = 0, PLAIN = 0, SWIZZLE_128 = 3, PROMOTE_256 = 3, ZEROS = 0 };
    const uint64_t sizes[2] = {row_bytes, rows}, strides[1] = {row_bytes};
    const uint32_t box[2] = {128, 128}, steps[2] = {1, 1};
    struct gpu_driver *driver = use(session);
    if (driver->tensor_map_encode == NULL) return -1;
    _Alignas(64) struct gpu_map aligned;
    const int code = driver->tensor_map_encode(
        &aligned, BYTES, 2, (void *)(uintptr_t)address, sizes, strides, box, steps, PLAIN,
        SWIZZLE_128, PROMOTE_256, ZEROS);
    if (code == 0) *map = aligned;
    return code;
}

int gpu_launch(
    struct gpu_session *session, const char *kernel, const uint32_t grid[3], uint32_t threads,
    uint32_t shared, void **arguments) {
    enum { MOST_SHARED = 8 };  // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    void *function = find(session, kernel);
    if (function == NULL) return -1;
    struct gpu_driver *driver = use(session);
    if (shared > SHARED_AT_ONCE) {
        const int code = driver->function_set_attribute(function, MOST_SHARED, (int)shared);
        if (code != 0) return code;
    }
    return driver->launch(
        function, grid[0], grid[1], grid[2], threads, 1, 1, shared, NULL, arguments, NULL);
}

int gpu_mark(struct gpu_session *session, int end) {
    return use(session)->event_record(session->mark[end != 0], NULL);
}

int gpu_elapsed(struct gpu_session *session, float *milliseconds) {
    const int code = use(session)->event_synchronise(session->mark[1]);
    return code != 0 ? code
                     : session->driver->event_elapsed(
                           milliseconds, session->mark[0], session->mark[1]);
}

int gpu_wait(struct gpu_session *session) { return use(session)->context_synchronise(); }
