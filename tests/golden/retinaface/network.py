"""RetinaFace in PyTorch with the key names that weight files use: a MobileNetV1 of a
quarter of the width, or torchvision's ResNet-50, below a feature pyramid of three levels,
a context module (SSH) on each, and 1x1 heads (Deng et al. 2020, arXiv:1905.00641).

Used by generate.py and benches/detect.py.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import resnet50
from torchvision.models._utils import IntermediateLayerGetter

# Mean of the training images, blue, green, red.
MEAN = (104.0, 117.0, 123.0)
# Two anchors at each place; what each of them predicts.
ANCHORS, CLASSES, BOX, LANDMARKS = 2, 2, 4, 10


def conv(inputs, outputs, kernel=3, stride=1, groups=1, slope=None):
    """Convolution, batch norm and, with a slope, LeakyReLU."""
    padding = kernel // 2
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    if slope is not None:
        layers.append(nn.LeakyReLU(slope))
    return nn.Sequential(*layers)


def separable(inputs, outputs, stride=1):
    depthwise = conv(inputs, inputs, stride=stride, groups=inputs, slope=0.1)
    return nn.Sequential(*depthwise, *conv(inputs, outputs, kernel=1, slope=0.1))


class MobileNet(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [(8, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1)]
        self.stage1 = nn.Sequential(
            conv(3, 8, stride=2, slope=0.1), *[separable(*width) for width in widths]
        )
        self.stage2 = nn.Sequential(
            separable(64, 128, stride=2), *[separable(128, 128) for _ in range(5)]
        )
        self.stage3 = nn.Sequential(separable(128, 256, stride=2), separable(256, 256))

    def forward(self, x):
        first = self.stage1(x)
        second = self.stage2(first)
        return [first, second, self.stage3(second)]


class Pyramid(nn.Module):
    def __init__(self, inputs, width, slope):
        super().__init__()
        self.output1, self.output2, self.output3 = [
            conv(channels, width, kernel=1, slope=slope) for channels in inputs
        ]
        self.merge1 = conv(width, width, slope=slope)
        self.merge2 = conv(width, width, slope=slope)

    def forward(self, first, second, third):
        def enlarged(small, like):
            return F.interpolate(small, size=like.shape[2:], mode="nearest")

        first, second, third = self.output1(first), self.output2(second), self.output3(third)
        second = self.merge2(second + enlarged(third, second))
        first = self.merge1(first + enlarged(second, first))
        return [first, second, third]


class Context(nn.Module):
    def __init__(self, width, slope):
        super().__init__()
        half, quarter = width // 2, width // 4
        self.conv3X3 = conv(width, half)
        self.conv5X5_1 = conv(width, quarter, slope=slope)
        self.conv5X5_2 = conv(quarter, quarter)
        self.conv7X7_2 = conv(quarter, quarter, slope=slope)
        self.conv7x7_3 = conv(quarter, quarter)

    def forward(self, x):
        two = self.conv5X5_1(x)
        three = self.conv7x7_3(self.conv7X7_2(two))
        return F.relu(torch.cat([self.conv3X3(x), self.conv5X5_2(two), three], dim=1))


class Head(nn.Module):
    def __init__(self, width, values):
        super().__init__()
        self.values = values
        self.conv1x1 = nn.Conv2d(width, ANCHORS * values, 1)

    def forward(self, x):
        return self.conv1x1(x).permute(0, 2, 3, 1).reshape(x.shape[0], -1, self.values)


class RetinaFace(nn.Module):
    """(B, 3, H, W), blue, green, red, less the mean, to boxes (B, P, 4), probabilities of
    background and face (B, P, 2) and landmarks (B, P, 10) of P priors."""

    def __init__(self, backbone):
        super().__init__()
        if backbone == "mobilenet":
            self.body, inputs, width = MobileNet(), [64, 128, 256], 64
        else:
            layers = {"layer2": "1", "layer3": "2", "layer4": "3"}
            self.body = IntermediateLayerGetter(resnet50(weights=None), layers)
            inputs, width = [512, 1024, 2048], 256
        # Wide pyramids have plain ReLU.
        slope = 0.1 if width <= 64 else 0.0
        self.fpn = Pyramid(inputs, width, slope)
        self.ssh1, self.ssh2, self.ssh3 = [Context(width, slope) for _ in range(3)]
        heads = {"ClassHead": CLASSES, "BboxHead": BOX, "LandmarkHead": LANDMARKS}
        for name, values in heads.items():
            setattr(self, name, nn.ModuleList([Head(width, values) for _ in range(3)]))

    def forward(self, x):
        levels = self.body(x)
        levels = self.fpn(*(levels.values() if isinstance(levels, dict) else levels))
        levels = [ssh(level) for ssh, level in zip([self.ssh1, self.ssh2, self.ssh3], levels)]

        def predicted(heads):
            return torch.cat([head(level) for head, level in zip(heads, levels)], dim=1)

        boxes, landmarks = predicted(self.BboxHead), predicted(self.LandmarkHead)
        return boxes, predicted(self.ClassHead).softmax(dim=-1), landmarks


def prepared(rgb):
    """An image (H, W, 3) of bytes, red, green, blue, as the network's input."""
    bgr = torch.from_numpy(rgb.copy()).flip(-1).float() - torch.tensor(MEAN)
    return bgr.permute(2, 0, 1)[None].contiguous()
