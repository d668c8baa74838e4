// One device with the kernels loaded.
#include "driver.h"
#include <stdlib.h>

enum { MODULE_LIMIT = 8, ALLOCATION_LIMIT = 64 };

struct gpu_session {
    struct gpu_driver *driver;
    int device;
    void *context;
    int modules;
    void *module[MODULE_LIMIT];
    uint64_t allocation[ALLOCATION_LIMIT];
};

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
    if (*code == 0) return session;
    gpu_session_end(session);
    return NULL;
}

void gpu_session_end(struct gpu_session *session) {
    if (session == NULL) return;
    struct gpu_driver *driver = session->driver;
    driver->context_set_current(session->context);
    for (int i = 0; i < ALLOCATION_LIMIT; i++)
        if (session->allocation[i] != 0) driver->memory_free(session->allocation[i]);
    for (int i = 0; i < session->modules; i++) driver->module_unload(session->module[i]);
    driver->primary_release(session->device);
    free(session);
}

uint64_t gpu_allocate(struct gpu_session *session, size_t bytes) {
    for (int i = 0; i < ALLOCATION_LIMIT; i++) {
        if (session->allocation[i] != 0) continue;
        uint64_t address = 0;
        if (session->driver->memory_allocate(&address, bytes) != 0) return 0;
        session->allocation[i] = address;
        return address;
    }
    return 0;
}

void gpu_free(struct gpu_session *session, uint64_t address) {
    for (int i = 0; i < ALLOCATION_LIMIT && address != 0; i++) {
        if (session->allocation[i] != address) continue;
        session->allocation[i] = 0;
        session->driver->memory_free(address);
    }
}

int gpu_copy_in(struct gpu_session *session, uint64_t to, const void *from, size_t bytes) {
    return session->driver->copy_to_device(to, from, bytes);
}

int gpu_copy_out(struct gpu_session *session, void *to, uint64_t from, size_t bytes) {
    return session->driver->copy_to_host(to, from, bytes);
}

int gpu_launch(
    struct gpu_session *session, const char *kernel, const uint32_t grid[3], uint32_t threads,
    void **arguments) {
    for (int i = 0; i < session->modules; i++) {
        void *function = NULL;
        if (session->driver->module_get_function(&function, session->module[i], kernel) != 0)
            continue;
        return session->driver->launch(
            function, grid[0], grid[1], grid[2], threads, 1, 1, 0, NULL, arguments, NULL);
    }
    return -1;
}

int gpu_wait(struct gpu_session *session) { return session->driver->context_synchronise(); }
