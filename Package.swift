// swift-tools-version: 6.2
// Package.swift — the floors of Martlet. A target imports only lower floors; `Tests/TidyTests` checks it.

import PackageDescription

/// Language rules for every Swift target. Sources: Swift evolution SE-0335 (ExistentialAny),
/// SE-0409 (InternalImportsByDefault), SE-0444 (MemberImportVisibility), SE-0443 (warning control).
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// Kernels compile for the baseline machine; each wider variant names its instruction set itself
/// and is chosen at run time. Contraction is off, so that scalar and vector twins round alike.
let kernels: [CSetting] = [
  .unsafeFlags(["-O3", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"])
]

let package = Package(
  name: "martlet",
  products: [.executable(name: "martlet", targets: ["martlet"])],
  targets: [
    // Floor 0: C behind headers.
    .target(name: "CKernels", cSettings: kernels),

    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CGumbo", pkgConfig: "gumbo", providers: [.apt(["libgumbo-dev"])]),
    .target(name: "CMarkup", dependencies: ["CGumbo"], cSettings: kernels),
    .target(name: "CSandbox", exclude: ["wall"], cSettings: kernels),

    // Floor 1: the nouns everyone shares.
    .target(name: "Base", swiftSettings: house),
    .target(name: "Digests", dependencies: ["CCrypto"], swiftSettings: house),
    .target(name: "Transfer", dependencies: ["CCrypto", "CCurl"], swiftSettings: house),

    // Floor 2: one concern each, none knows another.
    .target(name: "ModelFiles", dependencies: ["Base"], swiftSettings: house),
    .target(name: "Tokenizer", dependencies: ["Base"], swiftSettings: house),
    .target(name: "Policy", dependencies: ["Base"], swiftSettings: house),
    .target(name: "MCP", dependencies: ["Base"], swiftSettings: house),
    .target(name: "Sandbox", dependencies: ["Base", "CSandbox"], swiftSettings: house),
    .target(name: "Store", dependencies: ["Base", "Digests", "CSQLite"], swiftSettings: house),
    .target(name: "Hub", dependencies: ["Base", "Digests", "Transfer"], swiftSettings: house),
    .target(name: "Providers", dependencies: ["Base"], swiftSettings: house),

    // Floor 3: the model's two sides.
    .target(
      name: "Inference", dependencies: ["Base", "Digests", "ModelFiles", "CKernels"],
      swiftSettings: house),
    .target(name: "Harmony", dependencies: ["Base", "Tokenizer"], swiftSettings: house),
    .target(
      name: "ToolHost", dependencies: ["Base", "Digests", "MCP", "Sandbox"], swiftSettings: house),

    .target(
      name: "ExecutionPlugin", dependencies: ["Base", "CSandbox", "MCP", "Sandbox"],
      path: "Sources/Plugins/Execution", swiftSettings: house),
    .target(
      name: "BrowserPlugin",
      dependencies: [
        "Base", "CGumbo", "CMarkup", "CSandbox", "MCP", "Sandbox", "Store", "Tokenizer", "Transfer",
      ],
      path: "Sources/Plugins/Browser", swiftSettings: house),

    .target(
      name: "CloudPlugin", dependencies: ["Base", "MCP", "Providers", "Sandbox", "Transfer"],
      path: "Sources/Plugins/Cloud", swiftSettings: house),

    // Floor 4: the loop; it sees ports, no machinery.
    .target(name: "Planner", dependencies: ["Base"], swiftSettings: house),

    // Floor 5: the only place where everything meets.
    .target(
      name: "Runtime",
      dependencies: [
        "Base", "Digests", "Transfer", "ModelFiles", "Tokenizer", "Policy", "Sandbox", "Store",
        "Hub", "Providers", "Inference", "Harmony", "ToolHost", "Planner",
      ],
      swiftSettings: house),

    // Floor 6: words in, words out, exit codes.
    .target(
      name: "CLI",
      dependencies: [
        "Base", "Digests", "ModelFiles", "Tokenizer", "Policy", "Sandbox", "Store", "Hub",
        "Inference", "Harmony", "ToolHost", "BrowserPlugin", "CloudPlugin", "ExecutionPlugin",
        "Planner", "Runtime",
      ],
      swiftSettings: house),
    .executableTarget(
      name: "martlet", dependencies: ["CLI"], swiftSettings: house,
      linkerSettings: [
        .unsafeFlags(["-static-stdlib", "-l_FoundationCollections", "-l_FoundationCShims"])
      ]),

    // Tests mirror the targets; TestKit holds what several of them need.
    .target(name: "TestKit", dependencies: ["Base"], path: "Tests/TestKit", swiftSettings: house),
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "Base", "BrowserPlugin", "ModelFiles", "Tokenizer", "Harmony", "MCP", "Policy", "Store",
        "TestKit",
      ],
      path: "Tests/Fuzz", swiftSettings: house),
    .executableTarget(
      name: "bench",
      dependencies: [
        "Base", "BrowserPlugin", "CMarkup", "Harmony", "MCP", "Policy", "Store", "TestKit",
        "Tokenizer", "ToolHost",
      ],
      path: "Tests/Bench", swiftSettings: house),
    .testTarget(name: "BaseTests", dependencies: ["Base", "TestKit"], swiftSettings: house),
    .testTarget(
      name: "ModelFilesTests", dependencies: ["ModelFiles", "TestKit"], swiftSettings: house),
    .testTarget(
      name: "TokenizerTests", dependencies: ["Tokenizer", "TestKit"], swiftSettings: house),
    .testTarget(
      name: "ProvidersTests", dependencies: ["Base", "Providers", "TestKit"], swiftSettings: house),
    .testTarget(name: "PolicyTests", dependencies: ["Policy", "TestKit"], swiftSettings: house),
    .testTarget(name: "MCPTests", dependencies: ["MCP", "TestKit"], swiftSettings: house),
    .executableTarget(
      name: "sandbox-host", dependencies: ["Base", "Sandbox"], path: "Tests/SandboxHost",
      swiftSettings: house,
      linkerSettings: [
        .unsafeFlags(["-static-stdlib", "-l_FoundationCollections", "-l_FoundationCShims"])
      ]),
    .testTarget(
      name: "SandboxTests", dependencies: ["Base", "CSandbox", "Sandbox", "TestKit"],
      swiftSettings: house),
    .testTarget(
      name: "DigestsTests", dependencies: ["Digests", "TestKit"], swiftSettings: house),
    .testTarget(
      name: "HubTests", dependencies: ["Base", "Digests", "Hub", "TestKit", "Transfer"],
      swiftSettings: house),
    .testTarget(
      name: "StoreTests", dependencies: ["Digests", "Store", "TestKit"], swiftSettings: house),
    .testTarget(
      name: "InferenceTests",
      dependencies: [
        "Base", "Inference", "ModelFiles", "CKernels", "Harmony", "Policy", "Tokenizer", "TestKit",
      ],
      swiftSettings: house),
    .testTarget(
      name: "HarmonyTests", dependencies: ["Harmony", "Tokenizer", "TestKit"],
      swiftSettings: house),
    .testTarget(
      name: "ExecutionPluginTests",
      dependencies: ["Base", "ExecutionPlugin", "MCP", "Sandbox", "TestKit"],
      swiftSettings: house),
    .executableTarget(
      name: "page-fetch",
      dependencies: ["Base", "BrowserPlugin", "CSandbox", "Sandbox", "Transfer"],
      path: "Tests/PageFetch", swiftSettings: house,
      linkerSettings: [
        .unsafeFlags(["-static-stdlib", "-l_FoundationCollections", "-l_FoundationCShims"])
      ]),
    .testTarget(
      name: "FetchingTests",
      dependencies: ["Base", "BrowserPlugin", "Sandbox", "TestKit", "ToolHost", "Transfer"],
      swiftSettings: house),
    .testTarget(
      name: "BrowserPluginTests",
      dependencies: ["Base", "BrowserPlugin", "MCP", "Store", "TestKit", "Tokenizer"],
      swiftSettings: house),
    .testTarget(
      name: "ToolHostTests", dependencies: ["Base", "Harmony", "Sandbox", "TestKit", "ToolHost"],
      swiftSettings: house),
    .testTarget(name: "PlannerTests", dependencies: ["Planner", "TestKit"], swiftSettings: house),
    .testTarget(
      name: "CLITests",
      dependencies: ["Base", "CLI", "Planner", "Policy", "Runtime", "Store", "TestKit"],
      swiftSettings: house),
    .testTarget(name: "RunTests", dependencies: ["Base", "TestKit"], swiftSettings: house),
    .testTarget(name: "TidyTests", dependencies: ["Base", "TestKit"], swiftSettings: house),
  ]
)
