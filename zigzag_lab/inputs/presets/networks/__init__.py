"""The networks of the presets, each a function that writes it node by node. Only ``make_workloads`` imports this."""

from zigzag_lab.inputs.presets.networks.alexnet import alexnet
from zigzag_lab.inputs.presets.networks.bert import bert_base_encoder
from zigzag_lab.inputs.presets.networks.mobilenet import mobilenetv2
from zigzag_lab.inputs.presets.networks.resnet import resnet18, resnet50
from zigzag_lab.inputs.presets.networks.yolo import yolo_tiny

NETWORKS = {
    network.__name__: network for network in (alexnet, bert_base_encoder, mobilenetv2, resnet18, resnet50, yolo_tiny)
}
"""Name of the preset -> the function that makes its model."""

__all__ = ["NETWORKS", "alexnet", "bert_base_encoder", "mobilenetv2", "resnet18", "resnet50", "yolo_tiny"]
