#pragma once
// The GPU kernels, compiled (see compile.py) and carried in the program, and the few calls of
// NVIDIA's driver that loading and launching them takes. The driver is opened at run time: a
// machine without one gets an answer, not a crash.
#include <stddef.h>
#include <stdint.h>

/// A compiled file of kernels.
struct gpu_image {
    const char *name;
    /// PTX as text with a zero at its end, or a cubin.
    const uint8_t *bytes;
    size_t count;
    /// The compute capability it is for, 70 or 80 or 90: at least for PTX, exactly for a cubin.
    int capability;
    int is_cubin;
};

/// The images; `count` receives how many there are.
const struct gpu_image *gpu_images(int *count);

/// The digest of the sources that the images were compiled from, in hexadecimal.
const char *gpu_source_digest(void);

/// What a call to the driver came to.
enum gpu_status {
    GPU_OK = 0,
    /// The driver's library is not on this machine.
    GPU_NO_DRIVER = 1,
    /// The library lacks a function that is needed: too old, or not NVIDIA's.
    GPU_OLD_DRIVER = 2,
    /// There is a driver and no device.
    GPU_NO_DEVICE = 3,
    /// The driver refused a call.
    GPU_FAILED = 4,
};

/// An opened driver.
struct gpu_driver;

/// Opens the driver's library (`libcuda.so.1` when `library` is null) and starts it. Returns null
/// and sets `status`; `detail` receives what the system said, cut to `room` bytes.
struct gpu_driver *gpu_driver_open(
    const char *library, enum gpu_status *status, char *detail, size_t room);

/// Closes the library.
void gpu_driver_close(struct gpu_driver *driver);

/// One device, as it describes itself: a claim, not a measurement.
struct gpu_device {
    char name[256];
    uint64_t memory;
    int capability, processors;
};

/// How many devices there are; negative when the driver refuses.
int gpu_device_count(struct gpu_driver *driver);

/// Describes device `index`. Returns 0, or the driver's code.
int gpu_device_describe(struct gpu_driver *driver, int index, struct gpu_device *device);

/// A device with the kernels loaded; used by one thread at a time, which may be another every time.
struct gpu_session;

/// Starts device `index` and loads the images it can run. Returns null and the driver's code.
struct gpu_session *gpu_session_start(struct gpu_driver *driver, int index, int *code);

/// Frees all that was allocated and releases the device.
void gpu_session_end(struct gpu_session *session);

/// Reserves memory; 0 when there is not enough.
uint64_t gpu_allocate(struct gpu_session *session, size_t bytes);

/// Frees what `gpu_allocate` gave.
void gpu_free(struct gpu_session *session, uint64_t address);

/// How many bytes could be reserved now; 0 when the driver does not say.
uint64_t gpu_memory_left(struct gpu_session *session);

/// Copies to, from and within the device, and fills with a byte. Return 0, or the driver's code.
int gpu_copy_in(struct gpu_session *session, uint64_t to, const void *from, size_t bytes);
int gpu_copy_out(struct gpu_session *session, void *to, uint64_t from, size_t bytes);
int gpu_copy_within(struct gpu_session *session, uint64_t to, uint64_t from, size_t bytes);
int gpu_fill(struct gpu_session *session, uint64_t to, uint8_t byte, size_t bytes);

/// Whether an image that was loaded has the kernel of that name.
int gpu_has(struct gpu_session *session, const char *kernel);

/// What the copy engine is told of a matrix: 128 bytes.
struct gpu_map {
    uint64_t words[16];
};

/// Describes `rows` rows of `row_bytes` bytes, a multiple of 16, of which boxes of 128 rows and 128
/// bytes will be fetched. Returns 0, the driver's code, or -1 when it is too old to know such
/// boxes.
int gpu_describe_matrix(
    struct gpu_session *session, struct gpu_map *map, uint64_t address, uint64_t rows,
    uint64_t row_bytes);

/// Launches the kernel of that name with `shared` bytes of memory that its threads share. Returns
/// 0, the driver's code, or -1 for an unknown name.
int gpu_launch(
    struct gpu_session *session, const char *kernel, const uint32_t grid[3], uint32_t threads,
    uint32_t shared, void **arguments);

/// Marks the start (0) or the end (1) of what is to be timed. Returns 0, or the driver's code.
int gpu_mark(struct gpu_session *session, int end);

/// Waits for the last end that was marked; `milliseconds` receives the device's time between the
/// marks. Returns 0, or the driver's code.
int gpu_elapsed(struct gpu_session *session, float *milliseconds);

/// Waits for what was launched. Returns 0, or the driver's code.
int gpu_wait(struct gpu_session *session);
