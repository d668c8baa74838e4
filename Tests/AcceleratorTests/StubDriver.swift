// A stand-in for the driver's library, built by the test: what it answers is chosen by macros, and
// its one device multiplies on the processor, as gemm_int8 must.

import Glibc

/// Shared libraries that stand in for libcuda, in a folder of their own.
struct StubDriver {
    let path: String

    /// Compiles the stub; nil where there is no C compiler.
    init?(_ name: String, flags: String = "") {
        var folder = Array("/tmp/althing-stub-XXXXXX".utf8CString)
        guard let made = mkdtemp(&folder) else { return nil }
        let place = String(cString: made)
        path = "\(place)/\(name).so"
        guard let file = fopen("\(place)/stub.c", "w") else { return nil }
        fputs(Self.source, file)
        fclose(file)
        let command = "cc -shared -fPIC \(flags) -o '\(path)' '\(place)/stub.c' 2>/dev/null"
        guard let pipe = popen(command, "r"), pclose(pipe) == 0 else {
            print("skipped: there is no C compiler to build a stand-in with")
            return nil
        }
    }

    private static let source = """
        #include <stdint.h>
        #include <stdlib.h>
        #include <string.h>
        #ifndef DEVICES
        #define DEVICES 1
        #endif
        #ifndef INIT
        #define INIT 0
        #endif
        #ifndef CAPABILITY
        #define CAPABILITY 90
        #endif
        #ifndef WRONG
        #define WRONG 0
        #endif
        int cuInit(unsigned flags) { (void)flags; return INIT; }
        int cuDeviceGetCount(int *count) { *count = DEVICES; return 0; }
        int cuDeviceGet(int *device, int index) { *device = index; return index < DEVICES ? 0 : 101; }
        int cuDeviceGetName(char *name, int room, int device) {
            (void)device; strncpy(name, "Stand-in 9000", room); return 0; }
        int cuDeviceTotalMem_v2(size_t *bytes, int device) {
            (void)device; *bytes = 81559u << 20 | 0ull; *bytes = 85520809984ull; return 0; }
        int cuDeviceGetAttribute(int *value, int attribute, int device) {
            (void)device;
            *value = attribute == 75 ? CAPABILITY / 10 : attribute == 76 ? CAPABILITY % 10 : 132;
            return 0; }
        int cuDevicePrimaryCtxRetain(void **context, int device) {
            (void)device; *context = (void *)1; return 0; }
        int cuDevicePrimaryCtxRelease_v2(int device) { (void)device; return 0; }
        int cuCtxSetCurrent(void *context) { (void)context; return 0; }
        int cuCtxSynchronize(void) { return 0; }
        int cuModuleLoadData(void **module, const void *image) {
            const unsigned char *bytes = image;
            int cubin = bytes[0] == 0x7f;
            if (!cubin && strstr(image, ".version") == 0) return 200;
            *module = (void *)image;
            return 0; }
        int cuModuleUnload(void *module) { (void)module; return 0; }
        int cuModuleGetFunction(void **function, void *module, const char *name) {
            (void)module;
            if (strcmp(name, "gemm_int8") != 0) return 500;
            *function = (void *)2;
            return 0; }
        int cuMemAlloc_v2(uint64_t *address, size_t bytes) {
            *address = (uint64_t)(uintptr_t)malloc(bytes); return *address ? 0 : 2; }
        int cuMemFree_v2(uint64_t address) { free((void *)(uintptr_t)address); return 0; }
        int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes) {
            memcpy((void *)(uintptr_t)to, from, bytes); return 0; }
        int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) {
            memcpy(to, (void *)(uintptr_t)from, bytes); return 0; }
        #ifndef OLD
        int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned x, unsigned y,
            unsigned z, unsigned shared, void *stream, void **arguments, void **extra) {
            (void)gz; (void)y; (void)z; (void)shared; (void)stream; (void)extra;
            if (function != (void *)2 || x != 256) return 400;
            const int8_t *a = *(const int8_t **)arguments[0], *b = *(const int8_t **)arguments[1];
            int32_t *c = *(int32_t **)arguments[2];
            uint32_t columns = *(uint32_t *)arguments[3];
            uint64_t depth = *(uint64_t *)arguments[4];
            if (columns != gx * 128) return 1;
            for (unsigned i = 0; i < gy * 128; i++)
                for (unsigned j = 0; j < columns; j++) {
                    int32_t sum = WRONG;
                    for (uint64_t p = 0; p < depth; p++) sum += a[i * depth + p] * b[j * depth + p];
                    c[(uint64_t)i * columns + j] = sum;
                }
            return 0; }
        #endif
        """
}
