"""What ONNX Runtime has beside ONNX's operators: all their names, and nodes with their shapes and counts.

Shapes and counts are those that ONNX Runtime 1.32 gives for the same nodes, where its processor has a kernel for them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from tests.inputs import onnx_samples as made

MS, ML, NCHWC, NHWC = "com.microsoft", "ai.onnx.ml", "com.microsoft.nchwc", "com.ms.internal.nhwc"

OPERATORS = {
    MS: """Attention AttnLSTM BeamSearch BiasAdd BiasDropout BiasGelu BiasSoftmax BiasSplitGelu BifurcationDetector
        BitmaskBiasDropout BitmaskDropout BranchwiseRMSNorm CDist CausalConvWithState ComplexMul ComplexMulConj
        ConvStateReplay ConvTransposeWithDynamicPads CropAndResize DecoderAttention DecoderMaskedMultiHeadAttention
        DecoderMaskedSelfAttention DequantizeBFP DequantizeLinear DequantizeWithOrder DynamicQuantizeLSTM
        DynamicQuantizeMatMul DynamicSparseAttention DynamicTimeWarping EPContext EmbedLayerNormalization EngramGate
        ExpandDims FastGelu FusedConv FusedGemm FusedMatMul FusedMatMulActivation GatedAdd GatedDeltaNet
        GatedDeltaNetStateReplay GatedRMSNorm GatedRelativePositionBias GatherBlockQuantized GatherND GatherPacked
        Gelu GemmFastGelu GemmFloat8 GemmaRotaryEmbedding GreedySearch GridSample GroupNorm GroupQueryAttention
        HyperConnectionLowRankMix HyperConnectionPostMix HyperConnectionPreMix Inverse Irfft IsAllFinite
        LinearAttention LinearAttentionGate LongformerAttention MRotaryEmbedding Mamba2Verify
        MatMulBlockQuantizedFp4Weight MatMulBlockQuantizedFp8Weight MatMulBnb4 MatMulFpQ4 MatMulInteger16
        MatMulIntegerToFloat MatMulNBits MatMulNBitsMlp MatMulNBitsQLoRA MatMulNBitsQkv MatMulPacked MaxpoolWithMask
        MoE MoEGroupRouter MoEPacked MulInteger MultiHeadAttention MurmurHash3 NGramHashMapping NGramRepeatBlock
        NhwcConv NhwcFusedConv NhwcMaxPool PackedAttention PackedMultiHeadAttention PackedSparseAttentionIndexer
        PackedSparseAttentionIndexerMerge Pad PagedAttention QAttention QEmbedLayerNormalization QGemm QLinearAdd
        QLinearAveragePool QLinearConcat QLinearConv QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul
        QLinearReduceMean QLinearSigmoid QLinearSoftmax QLinearWhere QMoE QOrderedAttention QOrderedGelu
        QOrderedLayerNormalization QOrderedLongformerAttention QOrderedMatMul QuantizeBFP QuantizeLinear
        QuantizeWithOrder QuickGelu RMSNormRotary Range ReduceSumInteger RelativePositionBias RemovePadding
        RestorePadding Rfft RotaryEmbedding RouterGateUpProj SampleOp Sampling ScaledSiLU SkipGroupNorm
        SkipLayerNormalization SkipSimplifiedLayerNormalization Snpe SparseAttention SparseAttentionIndexer
        SparsePagedAttention SparseToDenseMatMul SpeculativePrefixCommit SwiGLU Tokenizer TorchEmbedding
        TransposeMatMul Trilu UnfoldTensor Unique VarlenCausalConvWithState VarlenNGramHashMapping WhisperBeamSearch
        WordConvEmbedding""",
    ML: """ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer Imputer LabelEncoder
        LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble
        TreeEnsembleClassifier TreeEnsembleRegressor ZipMap""",
    NCHWC: """AveragePool Conv GlobalAveragePool GlobalMaxPool MaxPool ReorderInput ReorderOutput Upsample""",
    NHWC: """AveragePool BatchNormalization Conv ConvTranspose DepthToSpace GlobalAveragePool GlobalLpPool GlobalMaxPool
        GridSample InstanceNormalization LRN LpPool MaxPool MaxUnpool QLinearAveragePool QLinearConv
        QLinearConvTranspose Resize SpaceToDepth""",
}
"""All that ONNX Runtime 1.32 lists beside ONNX's own (``get_all_operator_schema``)."""

NO_PRODUCTS = """BifurcationDetector CropAndResize DequantizeBFP EngramGate GridSample HyperConnectionPostMix
    HyperConnectionPreMix IsAllFinite LinearAttentionGate MurmurHash3 NGramHashMapping NGramRepeatBlock
    PackedSparseAttentionIndexerMerge QuantizeBFP RMSNormRotary RelativePositionBias RemovePadding SampleOp
    SpeculativePrefixCommit Tokenizer UnfoldTensor Unique VarlenNGramHashMapping CastMap CategoryMapper DictVectorizer
    OneHotEncoder ZipMap DepthToSpace MaxUnpool Resize SpaceToDepth"""
"""Of those, the ones that multiply no tensors, and whose results are not followed: named as uncounted."""


U8 = TensorProto.UINT8


def one_node(
    kind: str, inputs: list[Any], n_outputs: int = 1, domain: str = MS, opset: int = 17, **more: Any
) -> ModelProto:
    """A model of one node. Inputs are shapes, with another type than float in front, constant arrays, or none."""
    values, weights, names = [], [], []
    for i, given in enumerate(inputs):
        names.append("" if given is None else f"i{i}")
        kind_of, given = given if isinstance(given, tuple) else (TensorProto.FLOAT, given)
        if isinstance(given, np.ndarray):
            weights.append(numpy_helper.from_array(given, f"i{i}"))
        elif given is not None:
            values.append(helper.make_tensor_value_info(f"i{i}", kind_of, given))
    outputs = [f"o{i}" for i in range(n_outputs)]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    asked = helper.make_node(kind, names, outputs, name="n", domain=domain, **more)
    graph = helper.make_graph([asked], "one", values, results, weights)
    versions = [made.opset(opset), *(made.opset(1, name) for name in OPERATORS)]
    return helper.make_model(graph, opset_imports=versions, ir_version=8)


ONE, ONES = [], [None] * 4
S, L, H, D, C = 5, 7, 4, 8, 32
"""Rows of queries and of keys, heads, their size, and all of them side by side."""

BOTH = 2 * S * L * C
PRODUCTS: list[tuple[str, list[Any], dict[str, Any], list[tuple[int, ...]], list[int]]] = [
    ("FusedMatMul", [[2, 3, 4, 5], [2, 3, 6, 5]], {"transB": 1}, [(2, 3, 4, 6)], [720]),
    ("FusedMatMul", [[2, 3, 5, 4], [2, 3, 5, 6]], {"transA": 1, "alpha": 0.5}, [(2, 3, 4, 6)], [720]),
    ("FusedMatMul", [[2, 4, 3, 5], [4, 3, 5, 6]], {"transBatchA": 1}, [(4, 3, 2, 6)], [720]),
    ("FusedMatMul", [[4, 3, 5], [5, 3, 6]], {"transBatchA": 1, "transBatchB": 1}, [(3, 4, 6)], [360]),
    ("FusedMatMul", [[5, 3, 4], [3, 5, 6]], {"transBatchA": 1, "transA": 1}, [(3, 4, 6)], [360]),
    ("TransposeMatMul", [[3, 5], [6, 5]], {"transB": 1}, [(3, 6)], [90]),
    ("FusedMatMulActivation", [[3, 5], [5, 6]], {"activation": "Relu"}, [(3, 6)], [90]),
    ("DynamicQuantizeMatMul", [[2, S, 16], (U8, [16, 8]), ONE], {}, [(2, S, 8)], [2 * S * 16 * 8]),
    ("MatMulIntegerToFloat", [(U8, [S, 16]), (U8, [16, 8]), ONE, ONE], {}, [(S, 8)], [S * 16 * 8]),
    ("QGemm", [(U8, [S, 16]), ONE, (U8, ONE), (U8, [8, 16]), ONE, (U8, ONE)], {"transB": 1}, [(S, 8)], [S * 16 * 8]),
    ("FusedGemm", [[16, S], [16, 8]], {"transA": 1, "activation": "Relu"}, [(S, 8)], [S * 16 * 8]),
    ("QOrderedMatMul", [[S, 16], ONE, [16, 8]], {}, [(S, 8)], [S * 16 * 8]),
    ("CDist", [[S, 16], [8, 16]], {"metric": "sqeuclidean"}, [(S, 8)], [S * 16 * 8]),
    ("MatMulNBits", [[2, S, 64], (U8, [24, 2, 16]), [48]], {"K": 64, "N": 24, "bits": 4},
     [(2, S, 24)], [2 * S * 64 * 24]),
    ("MatMulBnb4", [[S, 64], (U8, [768]), [48]], {"K": 64, "N": 24, "quant_type": 1}, [(S, 24)], [S * 64 * 24]),
    ("MatMulFpQ4", [[S, 64], (U8, [999]), np.array([64, 24])], {"blk_quant_type": 1}, [(S, 24)], [S * 64 * 24]),
    ("MatMulNBitsMlp", [[S, 64], None, None, (U8, [24, 2, 16])], {"K": 64, "N": 24}, [(S, 24)], [S * 64 * 24] * 2),
    ("MatMulNBitsQkv", [[S, 64]], {"K": 64, "Nq": 32, "Nkv": 8},
     [(S, 32), (S, 8), (S, 8)], [S * 64 * n for n in (32, 8, 8)]),
    ("MatMulNBitsQLoRA", [[S, 64], None, None, (U8, [4, 2, 16])], {"K": 64, "N": 24}, [(S, 24)],
     [S * 64 * 24, S * 64 * 4, S * 4 * 24]),
    ("MatMulBlockQuantizedFp8Weight", [[S, 64], (U8, [24, 64])], {}, [(S, 24)], [S * 64 * 24]),
    ("DynamicQuantizeLSTM", [[S, 2, 6], (U8, [1, 6, 16]), (U8, [1, 4, 16])], {"hidden_size": 4},
     [(S, 1, 2, 4), (1, 2, 4)],
     [S * 2 * 16 * (6 + 4)]),
    ("MoE", [[6, 16], [6, 4], [4, 32, 16], None, [4, 16, 32]], {"k": 2}, [(6, 16)], [2 * 6 * 16 * 32] * 2),
    ("MoE", [[6, 16], [6, 4], [4, 64, 16], None, [4, 16, 32]], {"k": 2, "activation_type": "swiglu"}, [(6, 16)],
     [2 * 6 * 16 * 64, 2 * 6 * 16 * 32]),
    ("QMoE", [[6, 32], [6, 4], (U8, [4, 64, 16]), [4, 64], None, (U8, [4, 32, 32])], {"k": 2, "expert_weight_bits": 4},
     [(6, 32)], [2 * 6 * 32 * 64] * 2),
    ("FusedConv", [[1, 3, 8, 8], [4, 3, 3, 3]], {"activation": "Relu"}, [(1, 4, 6, 6)], [4 * 36 * 27]),
    ("NhwcFusedConv", [[1, 8, 8, 3], [4, 3, 3, 3]], {"pads": [1] * 4}, [(1, 8, 8, 4)], [4 * 64 * 27]),
    ("QLinearConv", [(U8, [1, 8, 8, 3]), ONE, (U8, ONE), (U8, [4, 3, 3, 3]), ONE, (U8, ONE), ONE, (U8, ONE)],
     {"channels_last": 1, "pads": [1] * 4}, [(1, 8, 8, 4)], [4 * 64 * 27]),
    ("ConvTransposeWithDynamicPads", [[1, 3, 8, 8], [3, 4, 3, 3], np.ones(4, int)], {"strides": [2, 2]},
     [(1, 4, 15, 15)],
     [3 * 64 * 4 * 9]),
    ("MultiHeadAttention", [[2, S, C], [2, L, C], [2, L, C]], {"num_heads": H}, [(2, S, C)], [BOTH, BOTH]),
    ("MultiHeadAttention", [[2, S, C], [2, L, C], [2, L, 2 * C]], {"num_heads": H}, [(2, S, 2 * C)], [BOTH, 2 * BOTH]),
    ("MultiHeadAttention", [[2, S, C], [2, H, L, D], [2, H, L, D]], {"num_heads": H}, [(2, S, C)], [BOTH, BOTH]),
    ("MultiHeadAttention", [[2, S, H, 3, D]], {"num_heads": H}, [(2, S, C)], [2 * S * S * C] * 2),
    ("MultiHeadAttention", [[2, S, C], [2, L, H, 2, D]], {"num_heads": H}, [(2, S, C)], [BOTH, BOTH]),
    ("MultiHeadAttention", [[2, S, C]] * 3 + [None] * 3 + [[2, H, 3, D]] * 2, {"num_heads": H},
     [(2, S, C), (2, H, 8, D), (2, H, 8, D)], [2 * S * 8 * C] * 2),
    ("DecoderMaskedMultiHeadAttention", [[2, 1, C]] * 3 + [None] * 2 + [[2, H, 9, D]] * 2,
     {"num_heads": H, "past_present_share_buffer": 1}, [(2, 1, C), (2, H, 9, D), (2, H, 9, D)], [2 * 9 * C] * 2),
    ("Attention", [[2, S, 12], [12, 3 * C], [3 * C]], {"num_heads": H},
     [(2, S, C)], [2 * S * 12 * 3 * C, *[2 * S * S * C] * 2]),
    ("Attention", [[2, S, 12], [12, 4 * C], None], {"num_heads": H, "qkv_hidden_sizes": [C, C, 2 * C]}, [(2, S, 2 * C)],
     [2 * S * 12 * 4 * C, 2 * S * S * C, 2 * S * S * 2 * C]),
    ("Attention", [[2, S, 12], [12, 3 * C], None, None, [2, 2, H, 3, D]], {"num_heads": H},
     [(2, S, C), (2, 2, H, 8, D)],
     [2 * S * 12 * 3 * C, *[2 * S * 8 * C] * 2]),
    ("QAttention", [(U8, [2, S, 12]), (U8, [12, 3 * C]), [3 * C], ONE, ONE], {"num_heads": H}, [(2, S, C)],
     [2 * S * 12 * 3 * C, *[2 * S * S * C] * 2]),
    ("QOrderedAttention", [[2, S, 12], *ONES, *[[12, C]] * 3], {"num_heads": H}, [(2, S, C)],
     [*[2 * S * 12 * C] * 3, *[2 * S * S * C] * 2]),
    ("PackedAttention", [[8, 12], [12, 3 * C], [3 * C], (6, [2, S])], {"num_heads": H}, [(8, C)],
     [8 * 12 * 3 * C, *[2 * S * S * C] * 2]),
    ("PackedMultiHeadAttention", [*[[8, C]] * 3, None, (6, [2, S])], {"num_heads": H}, [(8, C)], [2 * S * S * C] * 2),
    ("PackedMultiHeadAttention", [[8, H, 3, D], None, None, None, (6, [2, S])], {"num_heads": H},
     [(8, C)], [2 * S * S * C] * 2),
    ("LinearAttention", [[2, S, C], *[[2, S, C // 2]] * 2], {"q_num_heads": H, "kv_num_heads": 2},
     [(2, S, C), (2, 2, D, D)], [2 * S * 2 * D * D, 2 * S * H * D * D]),
    ("LinearAttention", [[2, S, C]] * 3, {"q_num_heads": H, "kv_num_heads": H, "update_rule": "gated_delta"},
     [(2, S, C), (2, H, D, D)], [2 * S * H * D * D] * 3),
    ("CausalConvWithState", [[2, 6, 9], [6, 1, 4]], {"activation": "silu"}, [(2, 6, 9), (2, 6, 3)], [2 * 6 * 9 * 4]),
    ("GroupQueryAttention", [[1, 1, C], [1, 1, C // 2], [1, 1, C // 2], [1, 2, 6, D], [1, 2, 6, D]],
     {"num_heads": H, "kv_num_heads": 2}, [(1, 1, C), (1, 2, 7, D), (1, 2, 7, D)], [7 * C] * 2),
    ("GroupQueryAttention", [[1, 1, C], *[[1, 1, C // 2]] * 2, *[[1, 2, 16, D]] * 2, None, np.array(7)],
     {"num_heads": H, "kv_num_heads": 2}, [(1, 1, C), (1, 2, 16, D), (1, 2, 16, D)], [7 * C] * 2),
    ("GroupQueryAttention", [[1, S, 2 * C]], {"num_heads": H, "kv_num_heads": 2}, [(1, S, C)], [S * S * C] * 2),
]  # fmt: skip


OTHERS: list[tuple[str, str, list[Any], dict[str, Any], list[tuple[int, ...] | None], int]] = [
    (MS, "SkipLayerNormalization", [[2, S, C], [2, S, C], [C]], {}, [(2, S, C), None, None, (2, S, C)], 2 * S * C),
    (MS, "EmbedLayerNormalization", [(6, [2, S]), (6, [2, S]), [9, C], [9, C], [2, C], [C], [C]], {},
     [(2, S, C)], 2 * S * C),
    (MS, "BiasGelu", [[2, C], [C]], {}, [(2, C)], 2 * C),
    (MS, "QLinearConcat", [ONE, (U8, ONE), (U8, [1, 3, 8]), ONE, (U8, ONE), (U8, [1, 4, 8]), ONE, (U8, ONE)],
     {"axis": 1}, [(1, 7, 8)], 0),
    (MS, "QLinearWhere", [(9, [1, 3, 8]), (U8, [1, 3, 8]), ONE, (U8, ONE), (U8, [3, 1]), *[(U8, ONE)] * 4], {},
     [(1, 3, 8)], 24),
    (MS, "QLinearReduceMean", [(U8, [2, 3, 8]), *[ONE, (U8, ONE)] * 2], {"axes": [1], "keepdims": 0}, [(2, 8)], 48),
    (MS, "QLinearGlobalAveragePool", [(U8, [1, 8, 8, 3]), *[ONE, (U8, ONE)] * 2], {"channels_last": 1},
     [(1, 1, 1, 3)], 192),
    (MS, "NhwcMaxPool", [(U8, [1, 8, 8, 3])], {"kernel_shape": [2, 2], "strides": [2, 2]}, [(1, 4, 4, 3)], 192),
    (MS, "GatherBlockQuantized", [(U8, [9, 16]), (7, [2, S]), [9, 2]], {"bits": 4, "quantize_axis": 1}, [(2, S, C)], 0),
    (MS, "BiasSplitGelu", [[2, S, C], [C]], {}, [(2, S, C // 2)], 2 * S * C // 2),
    (MS, "QuantizeLinear", [[2, 3], ONE, (4, ONE)], {}, [(2, 3)], 6),
    (ML, "Scaler", [[S, 4]], {"offset": [0.0] * 4, "scale": [1.0] * 4}, [(S, 4)], S * 4),
    (ML, "FeatureVectorizer", [[S, 4], [S, 2]], {"inputdimensions": [4, 2]}, [(S, 6)], 0),
    (ML, "ArrayFeatureExtractor", [[S, 4], np.array([[1, 2]])], {}, [(S, 2)], 0),
    (NCHWC, "ReorderInput", [[1, 16, 8, 8]], {}, [(1, 16, 8, 8)], 0),
    (NCHWC, "ReorderOutput", [[1, 16, 8, 8]], {"channels": 12}, [(1, 12, 8, 8)], 0),
    (NCHWC, "ReorderOutput", [[1, 16, 8, 8]], {"channels": 12, "channels_last": 1}, [(1, 8, 8, 12)], 0),
    (NCHWC, "Upsample", [[1, 16, 8, 8]], {"scales": [1, 1, 2, 2]}, [(1, 16, 16, 16)], 0),
    (NHWC, "AveragePool", [[1, 8, 8, 3]], {"kernel_shape": [2, 2]}, [(1, 7, 7, 3)], 49 * 3 * 4),
]  # fmt: skip
