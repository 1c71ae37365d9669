{
  # node-gyp rebuild -C native [-- -Dtests=1 -Dsanitize=address,undefined]
  "variables": {
    "tests%": 0,
    "sanitize%": "",
    "napi": "<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except_all",
    # Compiled once per target; all other sources once, for the oldest processor of the platform.
    "kernel_sources": [
      "kernels.cc", "sparse-conv.cc", "general-sparse-conv.cc", "tiled-sparse-conv.cc", "winograd-conv.cc", "direct-conv.cc", "weight-gradient.cc",
      "sparse-weight-gradient.cc", "winograd-weight-gradient.cc",
      "passes.cc", "elementwise.cc", "batch-norm.cc", "pools.cc", "normals.cc"
    ],
    "engine_sources": [
      "plan.cc", "pack.cc", "targets.cc", "threads.cc", "graph.cc", "steps.cc", "arena.cc", "parameters.cc", "optimizer.cc", "largest.cc",
      "step-runner.cc", "bands.cc", "reach.cc", "inference-places.cc", "inference.cc", "ascent.cc", "training.cc", "training-backward.cc"
    ],
    "conditions": [
      ["target_arch=='x64'", { "kernel_libraries": ["kernels_avx512", "kernels_avx2", "kernels_portable"] },
       "target_arch=='arm64'", { "kernel_libraries": ["kernels_neon", "kernels_portable"] },
       { "kernel_libraries": ["kernels_portable"] }]
    ]
  },
  "target_defaults": {
    # -ffp-contract=off: a product and a sum are fused only where the source says fma, or targets would differ.
    "cflags_cc": ["-std=c++17", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-Wall", "-Wextra"],
    "defines": ["NAPI_VERSION=8"],
    "xcode_settings": {
      "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
      "GCC_OPTIMIZATION_LEVEL": "3",
      "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
      "MACOSX_DEPLOYMENT_TARGET": "11.0",
      "OTHER_CPLUSPLUSFLAGS": ["-ffp-contract=off", "-Wall", "-Wextra"]
    },
    "conditions": [
      ["sanitize!=''", {
        "cflags_cc": ["-fsanitize=<(sanitize)", "-fno-omit-frame-pointer", "-g"],
        "ldflags": ["-fsanitize=<(sanitize)"]
      }]
    ]
  },
  "targets": [
    {
      "target_name": "kernels_portable",
      "type": "static_library",
      "sources": ["<@(kernel_sources)"],
      "defines": ["SR_TARGET=portable"]
    },
    {
      "target_name": "sparse_robust",
      "sources": [
        "addon.cc", "addon-inference.cc", "addon-training.cc", "border.cc", "border-network.cc", "border-training.cc",
        "<@(engine_sources)"
      ],
      "dependencies": ["<(napi)", "<@(kernel_libraries)"]
    }
  ],
  "conditions": [
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "kernels_avx2",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["SR_TARGET=avx2"],
          "cflags_cc": ["-mavx2", "-mfma"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-mavx2", "-mfma"] }
        },
        {
          "target_name": "kernels_avx512",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["SR_TARGET=avx512"],
          "cflags_cc": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"],
          "xcode_settings": {
            "OTHER_CPLUSPLUSFLAGS": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"]
          }
        }
      ]
    }],
    ["target_arch=='arm64'", {
      "targets": [
        {
          "target_name": "kernels_neon",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["SR_TARGET=neon"]
        }
      ]
    }],
    ["tests==1", {
      "targets": [
        {
          "target_name": "kernels_test",
          "type": "executable",
          "sources": ["test/kernels-test.cc", "plan.cc", "pack.cc"],
          "include_dirs": ["."],
          "dependencies": ["<@(kernel_libraries)"]
        }
      ]
    }]
  ]
}
