"""Operators beside ONNX's own that multiply and are not priced: none of their operations are counted."""

from __future__ import annotations

from zigzag_lab.inputs.onnx.registry import left_out, shaped_by

left_out("how many keys there are follows from the data", "PagedAttention", "SparsePagedAttention")
left_out(
    "which blocks of the scores are computed follows from the data",
    "SparseAttention",
    "DynamicSparseAttention",
    "SparseAttentionIndexer",
    "PackedSparseAttentionIndexer",
)
left_out("which tokens see all others follows from the data", "LongformerAttention", "QOrderedLongformerAttention")
left_out("whether keys are computed or taken from a cache follows from the data", "DecoderAttention")
left_out("how many elements of its sparse operand there are follows from the data", "SparseToDenseMatMul")
left_out(
    "how often the decoder runs follows from the data", "BeamSearch", "GreedySearch", "Sampling", "WhisperBeamSearch"
)
left_out(
    "each step rewrites the state that the next one reads",
    "GatedDeltaNet",
    "GatedDeltaNetStateReplay",
    "Mamba2Verify",
    "AttnLSTM",
    "ConvStateReplay",
)
left_out("where its sequences begin follows from the data", "VarlenCausalConvWithState")
left_out(
    "how its weights are packed is not written in the model",
    "MoEPacked",
    "RouterGateUpProj",
    "MoEGroupRouter",
    "HyperConnectionLowRankMix",
    "GatedRelativePositionBias",
)
left_out("it is no product of two tensors", "Inverse", "DynamicTimeWarping")
left_out("its embedding and its convolution are one", "WordConvEmbedding")
left_out(
    "which branches are taken follows from the data", "TreeEnsemble", "TreeEnsembleClassifier", "TreeEnsembleRegressor"
)
left_out("its kernel is no product of two tensors", "SVMClassifier", "SVMRegressor")
left_out("it holds a network that an accelerator's own compiler made", "EPContext", "Snpe")

shaped_by(
    lambda e: e.keep_itself(0),
    "com.microsoft",
    (
        "PagedAttention",
        "SparsePagedAttention",
        "SparseAttention",
        "LongformerAttention",
        "QOrderedLongformerAttention",
        "DecoderAttention",
        "VarlenCausalConvWithState",
    ),
)
shaped_by(lambda e: e.keep_itself(2), "com.microsoft", ("GatedDeltaNet",))
