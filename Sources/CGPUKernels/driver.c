// Opens NVIDIA's driver and asks it what there is.
#include "driver.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// A function of the library and where its address goes.
struct symbol {
    const char *name;
    size_t place;
    /// A driver from before CUDA 12 has no such function; what needs it is then not used.
    int may_lack;
};

#define SYMBOL(member, name) {name, offsetof(struct gpu_driver, member), 0}

// The names with `_v2` are those that the 64-bit interface has had since CUDA 4.
static const struct symbol symbols[] = {
    SYMBOL(init, "cuInit"),
    SYMBOL(device_get_count, "cuDeviceGetCount"),
    SYMBOL(device_get, "cuDeviceGet"),
    SYMBOL(device_get_name, "cuDeviceGetName"),
    SYMBOL(device_total_memory, "cuDeviceTotalMem_v2"),
    SYMBOL(device_get_attribute, "cuDeviceGetAttribute"),
    SYMBOL(primary_retain, "cuDevicePrimaryCtxRetain"),
    SYMBOL(primary_release, "cuDevicePrimaryCtxRelease_v2"),
    SYMBOL(context_set_current, "cuCtxSetCurrent"),
    SYMBOL(context_synchronise, "cuCtxSynchronize"),
    SYMBOL(module_load_data, "cuModuleLoadData"),
    SYMBOL(module_unload, "cuModuleUnload"),
    SYMBOL(module_get_function, "cuModuleGetFunction"),
    SYMBOL(memory_allocate, "cuMemAlloc_v2"),
    SYMBOL(memory_free, "cuMemFree_v2"),
    SYMBOL(copy_to_device, "cuMemcpyHtoD_v2"),
    SYMBOL(copy_to_host, "cuMemcpyDtoH_v2"),
    SYMBOL(copy_within, "cuMemcpyDtoD_v2"),
    SYMBOL(memory_set, "cuMemsetD8_v2"),
    SYMBOL(memory_info, "cuMemGetInfo_v2"),
    SYMBOL(function_set_attribute, "cuFuncSetAttribute"),
    SYMBOL(launch, "cuLaunchKernel"),
    SYMBOL(event_create, "cuEventCreate"),
    SYMBOL(event_destroy, "cuEventDestroy_v2"),
    SYMBOL(event_record, "cuEventRecord"),
    SYMBOL(event_synchronise, "cuEventSynchronize"),
    SYMBOL(event_elapsed, "cuEventElapsedTime"),
    {"cuTensorMapEncodeTiled", offsetof(struct gpu_driver, tensor_map_encode), 1},
};

enum {
    // CU_DEVICE_ATTRIBUTE_...
    MULTIPROCESSOR_COUNT = 16,
    CAPABILITY_MAJOR = 75,
    CAPABILITY_MINOR = 76,
    // CUDA_ERROR_NO_DEVICE
    NO_DEVICE = 100,
};

static struct gpu_driver *refused(
    struct gpu_driver *driver, enum gpu_status why, enum gpu_status *status) {
    *status = why;
    gpu_driver_close(driver);
    return NULL;
}

struct gpu_driver *gpu_driver_open(
    const char *library, enum gpu_status *status, char *detail, size_t room) {
    if (room > 0) detail[0] = 0;
    struct gpu_driver *driver = calloc(1, sizeof *driver);
    if (driver == NULL) return refused(driver, GPU_FAILED, status);
    driver->library = dlopen(library ? library : "libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (driver->library == NULL) {
        const char *why = dlerror();
        snprintf(detail, room, "%s", why ? why : "");
        return refused(driver, GPU_NO_DRIVER, status);
    }
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *address = dlsym(driver->library, symbols[i].name);
        if (address == NULL && !symbols[i].may_lack) {
            snprintf(detail, room, "%s", symbols[i].name);
            return refused(driver, GPU_OLD_DRIVER, status);
        }
        memcpy((char *)driver + symbols[i].place, &address, sizeof address);
    }
    const int code = driver->init(0);
    if (code != 0) {
        snprintf(detail, room, "cuInit: %d", code);
        return refused(driver, code == NO_DEVICE ? GPU_NO_DEVICE : GPU_FAILED, status);
    }
    if (gpu_device_count(driver) == 0) return refused(driver, GPU_NO_DEVICE, status);
    *status = GPU_OK;
    return driver;
}

void gpu_driver_close(struct gpu_driver *driver) {
    if (driver == NULL) return;
    if (driver->library != NULL) dlclose(driver->library);
    free(driver);
}

int gpu_device_count(struct gpu_driver *driver) {
    int count = 0;
    return driver->device_get_count(&count) == 0 ? count : -1;
}

int gpu_device_describe(struct gpu_driver *driver, int index, struct gpu_device *device) {
    int handle = 0, major = 0, minor = 0;
    size_t memory = 0;
    memset(device, 0, sizeof *device);
    int code = driver->device_get(&handle, index);
    if (code == 0) code = driver->device_get_name(device->name, sizeof device->name, handle);
    if (code == 0) code = driver->device_total_memory(&memory, handle);
    if (code == 0) code = driver->device_get_attribute(&major, CAPABILITY_MAJOR, handle);
    if (code == 0) code = driver->device_get_attribute(&minor, CAPABILITY_MINOR, handle);
    if (code == 0)
        code = driver->device_get_attribute(&device->processors, MULTIPROCESSOR_COUNT, handle);
    device->name[sizeof device->name - 1] = 0;
    device->memory = memory;
    device->capability = 10 * major + minor;
    return code;
}
