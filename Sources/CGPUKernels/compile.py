#!/usr/bin/env python3
"""Compiles the GPU kernels: CUDA C in kernels/ to PTX and cubin in compiled/, without a GPU.

    compile.py            compiles everything and records the digests of the sources
    compile.py --check    compiles to memory and says whether what is committed is what comes out

It needs the wheels nvidia-cuda-nvrtc-cu12 and nvidia-cuda-nvcc-cu12 (12.9.86) from PyPI, found as
installed or under ALTHING_CUDA (a folder that holds `nvidia/`). Exit status: 0 the same, 1 drift or
an error, 77 the wheels are not here.
"""
import ctypes, glob, hashlib, os, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# Source, architecture, what it becomes.
IMAGES = [
    ("general.cu", "compute_70", "general.ptx"),
    ("commit.cu", "compute_70", "commit.ptx"),
    ("tensor.cu", "compute_80", "tensor.ptx"),
    ("hopper.cu", "sm_90a", "hopper_sm90a.cubin"),
]


def find(pattern):
    folders = [os.environ.get("ALTHING_CUDA", "")] + sys.path
    found = [hit for folder in folders if folder for hit in glob.glob(os.path.join(folder, pattern))]
    return found[0] if found else None


def source_digest():
    digest = hashlib.sha256()
    for name in sorted(os.listdir(os.path.join(HERE, "kernels"))):
        with open(os.path.join(HERE, "kernels", name), "rb") as file:
            content = file.read()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def ptx(nvrtc, source, architecture):
    folder = os.path.join(HERE, "kernels")
    with open(os.path.join(folder, source), "rb") as file:
        text = file.read()
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(
        ctypes.byref(program), text, source.encode(), 0, None, None)
    options = [f"--gpu-architecture={architecture}", f"--include-path={folder}", "--std=c++17"]
    values = (ctypes.c_char_p * len(options))(*[option.encode() for option in options])
    status = nvrtc.nvrtcCompileProgram(program, len(options), values)
    size = ctypes.c_size_t()
    if status != 0:
        nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetProgramLog(program, log)
        sys.exit(f"{source} for {architecture}:\n{log.value.decode()}")
    nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetPTX(program, text)
    return text.value


def assemble(ptxas, text, architecture):
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "in.ptx"), os.path.join(folder, "out")
        with open(source, "wb") as file:
            file.write(text)
        subprocess.run([ptxas, "--gpu-name", architecture, source, "-o", target], check=True)
        with open(target, "rb") as file:
            return file.read()


def main():
    library = find("nvidia/cuda_nvrtc/lib/libnvrtc.so.12")
    ptxas = find("nvidia/cuda_nvcc/bin/ptxas")
    if not library or not ptxas:
        print("skipped: pip install nvidia-cuda-nvrtc-cu12==12.9.86 nvidia-cuda-nvcc-cu12==12.9.86")
        return 77
    # The compiler opens its builtins by name.
    for builtins in glob.glob(os.path.join(os.path.dirname(library), "libnvrtc-builtins.so.*")):
        ctypes.CDLL(builtins, mode=ctypes.RTLD_GLOBAL)
    nvrtc = ctypes.CDLL(library)
    outputs = {}
    for source, architecture, name in IMAGES:
        if architecture.startswith("compute_"):
            outputs[name] = ptx(nvrtc, source, architecture)
            # That the assembler takes it is checked here; the driver assembles it for its device.
            assemble(ptxas, outputs[name], architecture.replace("compute", "sm"))
        else:
            text = ptx(nvrtc, source, architecture.replace("sm", "compute"))
            outputs[name] = assemble(ptxas, text, architecture)
    outputs["source.sha256"] = (source_digest() + "\n").encode()
    drift = 0
    for name, content in outputs.items():
        path = os.path.join(HERE, "compiled", name)
        if "--check" not in sys.argv:
            with open(path, "wb") as file:
                file.write(content)
        else:
            with open(path, "rb") as file:
                if file.read() != content:
                    print(f"drift: compiled/{name} is not what its source compiles to")
                    drift = 1
    if not drift:
        print(f"{len(outputs) - 1} images, sources {source_digest()[:16]}")
    return drift


sys.exit(main())
