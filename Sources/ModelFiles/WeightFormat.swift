// WeightFormat.swift — how one row of weights is stored.

/// The element types that a gpt-oss weight can be stored in.
///
/// Block layouts: ggml's `ggml-common.h`; MXFP4: the OCP Microscaling specification 1.0.
public enum WeightFormat: String, CaseIterable, Sendable {
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  case q4_0 = "Q4_0"
  case q4_1 = "Q4_1"
  case q5_0 = "Q5_0"
  case q5_1 = "Q5_1"
  case q8_0 = "Q8_0"
  case q4_K = "Q4_K"
  case q5_K = "Q5_K"
  case q6_K = "Q6_K"
  /// ggml's block: one scale byte, then 16 bytes; byte j holds elements j (low) and j + 16 (high).
  case mxfp4 = "MXFP4"
  /// Hugging Face's and OpenAI's: 16-byte blocks, scales in a tensor of their own; byte j holds
  /// elements 2j (low) and 2j + 1 (high).
  case mxfp4Split = "MXFP4 (blocks and scales)"

  /// Elements in one block; 1 for the dense types.
  public var blockElementCount: Int {
    switch self {
    case .f32, .f16, .bf16: 1
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .mxfp4, .mxfp4Split: 32
    case .q4_K, .q5_K, .q6_K: 256
    }
  }

  /// Bytes of one block, without the separate scales of `mxfp4Split`.
  public var blockBytes: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    case .q4_0: 18
    case .q4_1: 20
    case .q5_0: 22
    case .q5_1: 24
    case .q8_0: 34
    case .q4_K: 144
    case .q5_K: 176
    case .q6_K: 210
    case .mxfp4: 17
    case .mxfp4Split: 16
    }
  }

  public var isDense: Bool { blockElementCount == 1 }
}
