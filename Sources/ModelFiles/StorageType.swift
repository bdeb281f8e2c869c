// StorageType.swift — element types as the two containers name them.

/// How a container stores a tensor's elements: whole blocks of a fixed number of bits.
public struct StorageType: Hashable, Sendable {
  /// As the container's own document writes it: "BF16", "Q8_0".
  public let name: String
  public let blockElementCount: Int
  public let blockBits: Int
  /// What a weight of this type is to us; nil where no gpt-oss weight is read in it.
  public let format: WeightFormat?

  private init(_ name: String, _ blockElementCount: Int, bits: Int, _ format: WeightFormat? = nil) {
    self.name = name
    self.blockElementCount = blockElementCount
    self.blockBits = bits
    self.format = format
  }

  private init(_ name: String, _ blockElementCount: Int, bytes: Int, _ format: WeightFormat? = nil)
  {
    self.init(name, blockElementCount, bits: bytes * 8, format)
  }

  /// Bytes of `elementCount` elements; nil where they do not fill whole blocks and bytes, or where
  /// the number of bits does not fit 64 bits.
  func byteCount(of elementCount: UInt64) -> UInt64? {
    guard elementCount.isMultiple(of: UInt64(blockElementCount)) else { return nil }
    let blocks = elementCount / UInt64(blockElementCount)
    let (bits, overflow) = blocks.multipliedReportingOverflow(by: UInt64(blockBits))
    return overflow || !bits.isMultiple(of: 8) ? nil : bits / 8
  }

  /// The types of safetensors 0.8.0, by the name in the header.
  static let safetensors: [String: StorageType] = Dictionary(
    uniqueKeysWithValues: [
      StorageType("BOOL", 1, bits: 8), StorageType("F4", 1, bits: 4),
      StorageType("F6_E2M3", 1, bits: 6), StorageType("F6_E3M2", 1, bits: 6),
      StorageType("U8", 1, bits: 8), StorageType("I8", 1, bits: 8),
      StorageType("F8_E5M2", 1, bits: 8), StorageType("F8_E4M3", 1, bits: 8),
      StorageType("F8_E8M0", 1, bits: 8), StorageType("F8_E4M3FNUZ", 1, bits: 8),
      StorageType("F8_E5M2FNUZ", 1, bits: 8), StorageType("I16", 1, bits: 16),
      StorageType("U16", 1, bits: 16), StorageType("F16", 1, bits: 16, .f16),
      StorageType("BF16", 1, bits: 16, .bf16), StorageType("I32", 1, bits: 32),
      StorageType("U32", 1, bits: 32), StorageType("F32", 1, bits: 32, .f32),
      StorageType("C64", 1, bits: 64), StorageType("F64", 1, bits: 64),
      StorageType("I64", 1, bits: 64), StorageType("U64", 1, bits: 64),
    ].map { ($0.name, $0) })

  /// ggml's types, by the number in the tensor table (source: `ggml.h`, `ggml-common.h`).
  static let ggml: [UInt32: StorageType] = [
    0: StorageType("F32", 1, bytes: 4, .f32), 1: StorageType("F16", 1, bytes: 2, .f16),
    2: StorageType("Q4_0", 32, bytes: 18, .q4_0), 3: StorageType("Q4_1", 32, bytes: 20, .q4_1),
    6: StorageType("Q5_0", 32, bytes: 22, .q5_0), 7: StorageType("Q5_1", 32, bytes: 24, .q5_1),
    8: StorageType("Q8_0", 32, bytes: 34, .q8_0), 9: StorageType("Q8_1", 32, bytes: 40),
    10: StorageType("Q2_K", 256, bytes: 84), 11: StorageType("Q3_K", 256, bytes: 110),
    12: StorageType("Q4_K", 256, bytes: 144, .q4_K),
    13: StorageType("Q5_K", 256, bytes: 176, .q5_K),
    14: StorageType("Q6_K", 256, bytes: 210, .q6_K), 15: StorageType("Q8_K", 256, bytes: 292),
    16: StorageType("IQ2_XXS", 256, bytes: 66), 17: StorageType("IQ2_XS", 256, bytes: 74),
    18: StorageType("IQ3_XXS", 256, bytes: 98), 19: StorageType("IQ1_S", 256, bytes: 50),
    20: StorageType("IQ4_NL", 32, bytes: 18), 21: StorageType("IQ3_S", 256, bytes: 110),
    22: StorageType("IQ2_S", 256, bytes: 82), 23: StorageType("IQ4_XS", 256, bytes: 136),
    24: StorageType("I8", 1, bytes: 1), 25: StorageType("I16", 1, bytes: 2),
    26: StorageType("I32", 1, bytes: 4), 27: StorageType("I64", 1, bytes: 8),
    28: StorageType("F64", 1, bytes: 8), 29: StorageType("IQ1_M", 256, bytes: 56),
    30: StorageType("BF16", 1, bytes: 2, .bf16), 34: StorageType("TQ1_0", 256, bytes: 54),
    35: StorageType("TQ2_0", 256, bytes: 66), 39: StorageType("MXFP4", 32, bytes: 17, .mxfp4),
    40: StorageType("NVFP4", 64, bytes: 36), 41: StorageType("Q1_0", 128, bytes: 18),
  ]

  /// Numbers that ggml has given up: Q4_2, Q4_3, and the repacked Q4_0 and IQ4_NL of 2024.
  static let ggmlRemoved: [UInt32: String] = [
    4: "Q4_2", 5: "Q4_3", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8", 36: "IQ4_NL_4_4",
    37: "IQ4_NL_4_8", 38: "IQ4_NL_8_8",
  ]
}
