"""The network of scripts/cuda/parity.py and bench.py as timm makes it, and its tensors by Proofmark's names."""

import timm
import torch


class Network:
    """timm's Vision Transformer of a config."""

    def __init__(self, config: dict, device: str) -> None:
        self.config = config
        self.registers = config["registers"]
        self.model = timm.models.vision_transformer.VisionTransformer(
            img_size=config["image"],
            patch_size=config["patch"],
            embed_dim=config["width"],
            depth=config["depth"],
            num_heads=config["heads"],
            mlp_ratio=config["hidden"] / config["width"],
            num_classes=config["classes"],
            init_values=config["layer_scale"],
            reg_tokens=config["registers"],
            global_pool="avg" if config["pool"] == "patch-mean" else "token",
            fc_norm=True,
            drop_path_rate=config["drop_path"],
        ).to(device)
        # Registers have no positions in Proofmark: they are zero here, and stay so.
        if self.registers:
            self.model.pos_embed.register_hook(self._without_registers)

    def _without_registers(self, gradient: torch.Tensor) -> torch.Tensor:
        gradient = gradient.clone()
        gradient[:, 1 : 1 + self.registers] = 0
        return gradient

    def load(self, tensors: dict) -> None:
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                values = tensors[name]
                if name == "pos_embed" and self.registers:
                    none = values.new_zeros(1, self.registers, values.shape[2])
                    values = torch.cat([values[:, :1], none, values[:, 1:]], dim=1)
                parameter.copy_(values)

    def named(self) -> dict:
        """Values, on the CPU."""
        return {name: self._ours(name, p) for name, p in self.model.named_parameters()}

    def gradients(self) -> dict:
        return {name: self._ours(name, p.grad) for name, p in self.model.named_parameters()}

    def _ours(self, name: str, values: torch.Tensor) -> torch.Tensor:
        values = values.detach().float().cpu()
        if name == "pos_embed" and self.registers:
            values = torch.cat([values[:, :1], values[:, 1 + self.registers :]], dim=1)
        return values

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        return self.model.forward_head(self.model.forward_features(images), pre_logits=True)

    def groups(self) -> list:
        """Of AdamW: matrices decay, but for positions and the class token (src/model/vit/backbone.rs)."""
        none = ("pos_embed", "cls_token")
        decays, stays = [], []
        for name, parameter in self.model.named_parameters():
            (stays if parameter.ndim <= 1 or name in none else decays).append(parameter)
        return [
            {"params": decays, "weight_decay": 0.05},
            {"params": stays, "weight_decay": 0.0},
        ]


def draw(config: dict) -> dict:
    """Random weights by Proofmark's names, none at what it begins with, all of a size that a trained network has."""
    network = Network(config, "cpu")
    out = {}
    for name, values in network.named().items():
        noise = torch.randn_like(values)
        if (
            name.endswith("norm1.weight")
            or name.endswith("norm2.weight")
            or name == "fc_norm.weight"
        ):
            out[name] = 1 + 0.1 * noise
        elif values.ndim <= 1:
            out[name] = 0.05 * noise + (config["layer_scale"] or 0 if name.endswith("gamma") else 0)
        elif name in ("cls_token", "reg_token", "pos_embed"):
            out[name] = 0.2 * noise
        else:
            out[name] = noise / (values[0].numel() ** 0.5)
    return out
