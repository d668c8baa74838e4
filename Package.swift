// swift-tools-version: 6.2
import PackageDescription

// MARK: House rules shared by every Swift target

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

/// A C library installed on the system, found with pkg-config.
func system(_ name: String, pkg: String, apt: String) -> Target {
    .systemLibrary(
        name: name, path: "Sources/\(name)", pkgConfig: pkg, providers: [.apt([apt])])
}

/// A Swift library; the floors it may stand on are its dependencies, and nothing else.
func library(_ name: String, on dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// An executable.
func program(_ name: String, on dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of one target, in `Tests/<name>Tests`.
func tests(_ name: String, on dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies,
        swiftSettings: settings)
}

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

// MARK: The house, ground floor first

let floor0: [Target] = [
    system("CSQLite", pkg: "sqlite3", apt: "libsqlite3-dev"),
    system("COpenSSL", pkg: "openssl", apt: "libssl-dev"),
    system("CSecp256k1", pkg: "libsecp256k1", apt: "libsecp256k1-dev"),
    system("CNGHTTP2", pkg: "libnghttp2", apt: "libnghttp2-dev"),
    // The mathematical library for one thing: the exact fused multiply-add of doubles on a
    // processor without such an instruction.
    .target(name: "CKernels", linkerSettings: [.linkedLibrary("m")]),
    // The GPU kernels travel as compiled text; their sources are compiled by hand (compile.py).
    .target(name: "CGPUKernels", exclude: ["kernels", "compiled", "compile.py"]),
    .target(name: "CPlatform"),
    library("Primitives", on: []),
    library("Cryptography", on: ["Primitives", "COpenSSL", "CSecp256k1"]),
]

let floor1: [Target] = [
    library("Raft", on: ["Primitives"]),
    library("Ledger", on: ["Primitives"]),
    library("Governance", on: ["Primitives", "Cryptography"]),
    library("Scheduling", on: ["Primitives"]),
    library("Verification", on: ["Primitives", "Cryptography"]),
    library("Transparency", on: ["Primitives", "Cryptography"]),
    library("Wallet", on: ["Primitives", "Cryptography"]),
]

let floor2: [Target] = [
    library(
        "ControlPlane",
        on: [
            "Primitives", "Cryptography", "Raft", "Ledger", "Governance", "Scheduling",
            "Verification", "Transparency", "Wallet", "Benchmarking", "CSQLite",
        ]),
    library("Benchmarking", on: ["Primitives", "Cryptography", "Verification", "CKernels"]),
    library("LanguageModel", on: ["Primitives", "Cryptography", "CKernels"]),
]

let floor3: [Target] = [
    library("Platform", on: ["Primitives", "CPlatform", "COpenSSL"]),
    library("Accelerator", on: ["Primitives", "CGPUKernels", "CKernels"]),
    library("LogStore", on: ["Primitives", "Platform"]),
    library(
        "Transport",
        on: [
            "Primitives", "Cryptography", "Platform", "COpenSSL", "CNGHTTP2", nioCore, nioPosix, nioHTTP1,
        ]),
    library("Telemetry", on: ["Primitives", "Platform", logging]),
    library("Terminal", on: ["Primitives", "Platform"]),
    library("Sandbox", on: ["Primitives", "Platform"]),
]

let floor4: [Target] = [
    library("Client", on: ["Primitives", "Cryptography", "ControlPlane", "Transport"]),
    library(
        "Node",
        on: [
            "Primitives", "Cryptography", "Raft", "ControlPlane", "Ledger", "Governance",
            "Scheduling", "Verification", "Transparency", "Wallet", "Benchmarking",
            "Platform", "LogStore", "Transport", "Telemetry", logging,
        ]),
    library(
        "Provider",
        on: [
            "Primitives", "Cryptography", "CKernels", "ControlPlane", "Governance", "Wallet",
            "Benchmarking", "LanguageModel", "Platform", "Client", "Telemetry", "Sandbox",
            "Accelerator", logging,
        ]),
    library(
        "RedTeam",
        on: [
            "Primitives", "Cryptography", "CKernels", "Benchmarking", "ControlPlane", "Wallet",
            "Platform", "Client", "Node", "Provider", logging,
        ]),
    library(
        "Simulator",
        on: [
            "Primitives", "Cryptography", "Raft", "Ledger", "Wallet", "ControlPlane", "Platform",
            "LogStore", "Node",
        ]),
]

let floor5: [Target] = [
    program(
        "althing",
        on: [
            "Primitives", "Cryptography", "ControlPlane", "Ledger", "Governance", "Transparency",
            "Wallet", "Benchmarking", "LanguageModel", "Platform", "Transport", "Telemetry",
            "Terminal", "Sandbox", "Client", "Node", "Provider", "Simulator", logging, arguments,
        ]),
    program(
        "conformance",
        on: [
            "Primitives", "Cryptography", "Raft", "Wallet", "Governance", "Ledger", "Transparency",
        ]),
    program(
        "benchmarks",
        on: [
            "Primitives", "Cryptography", "CKernels", "Benchmarking", "LanguageModel", "Platform",
            "Accelerator", "LogStore",
            "Verification", "Transport", "RedTeam", "Provider", "Scheduling", "ControlPlane",
            "Governance", "Wallet", "Client", "Simulator",
        ]),
]

let testTargets: [Target] = [
    tests("Primitives"),
    tests("Cryptography", on: ["Primitives"]),
    tests("Raft", on: ["Primitives", "Simulator"]),
    tests("Ledger", on: ["Primitives"]),
    tests("Governance", on: ["Primitives", "Cryptography"]),
    tests("Scheduling", on: ["Primitives"]),
    tests("Verification", on: ["Primitives", "Cryptography"]),
    tests("Transparency", on: ["Primitives", "Cryptography"]),
    tests("Wallet", on: ["Primitives", "Cryptography"]),
    tests(
        "ControlPlane",
        on: [
            "Primitives", "Cryptography", "Raft", "Ledger", "Governance", "Wallet", "Transparency",
        ]),
    tests("Benchmarking", on: ["Primitives", "Cryptography", "Verification", "CKernels"]),
    tests("LanguageModel", on: ["Primitives", "Cryptography", "CKernels"]),
    tests("Platform", on: ["Primitives"]),
    tests(
        "Accelerator",
        on: ["Primitives", "Cryptography", "Benchmarking", "Provider", "Platform"]),
    tests("LogStore", on: ["Primitives", "Platform"]),
    tests(
        "Transport",
        on: ["Primitives", "Cryptography", nioCore, nioPosix, nioEmbedded, nioHTTP1]),
    tests("Telemetry", on: ["Primitives", logging]),
    tests("Terminal", on: ["Primitives"]),
    tests("Sandbox", on: ["Primitives", "Platform"]),
    tests(
        "Node",
        on: [
            "Primitives", "Cryptography", "ControlPlane", "Raft", "Wallet", "Platform", "Transport",
            "LogStore", "Telemetry", "Benchmarking",
            "Client", logging, nioCore, nioPosix,
        ]),
    tests(
        "Provider",
        on: [
            "Primitives", "Cryptography", "ControlPlane", "Governance", "LanguageModel", "Wallet",
            "Platform", "Sandbox", "Transport", "Client", logging,
        ]),
    tests(
        "Client", on: ["Primitives", "Cryptography", "ControlPlane", "Platform", "Transport"]),
    tests("RedTeam", on: ["Primitives", "Benchmarking", "ControlPlane", "Platform"]),
    tests("Simulator", on: ["Primitives", "Raft", "ControlPlane", "Platform"]),
    .testTarget(name: "TidyTests", swiftSettings: settings),
    .testTarget(
        name: "IntegrationTests", dependencies: ["Primitives", "Platform", "Transport"],
        swiftSettings: settings),
]

let package = Package(
    name: "althing",
    products: [.executable(name: "althing", targets: ["althing"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    ],
    targets: floor0 + floor1 + floor2 + floor3 + floor4 + floor5 + testTargets)
