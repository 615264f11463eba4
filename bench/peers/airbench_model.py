"""The recipes airbench and airbench-muon in PyTorch: network, whitening, update rules and test-time augmentation.

torch_airbench.py trains with them, and the scripts test/fixtures/airbench_steps.py and airbench_muon_steps.py compute the steps with
which the tests compare cifar10. The definitions are those of K. Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024,
arXiv:2404.00498, with the constants of his programs (https://github.com/KellerJordan/cifar10-airbench: legacy/airbench94.py and
airbench94_muon.py), which add up the losses of a batch. As in cifar10, the whitening convolution is padded by a row and a column of
zeros, and the biases of the whitening layer are trained for 3 epochs with the rate of the recipe.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

WIDTHS = (64, 256, 256)
SMOOTHING, BIAS_EPOCHS = 0.2, 3
# airbench: rate and decay per 1024 images, independent of the momentum
LR, MOMENTUM, DECAY, BIAS_SCALER = 11.5, 0.85, 0.0153, 64.0
START, RISE, END = 0.2, 0.23, 0.07
LOOK_AHEAD_STEPS, LOOK_AHEAD_DECAY = 5, 0.95
# airbench-muon
MUON_LR, MUON_MOMENTUM, MUON_ITERATIONS, BIAS_LR, LAST_LR, MUON_DECAY = 0.24, 0.6, 3, 0.053, 0.67, 2e-6


def channels(width):
    """Returns the channels of the three groups for a factor of their widths, as src/model/networks/airbench.ts rounds them."""
    return tuple(16 * max(1, int(filters * width / 16 + 0.5)) for filters in WIDTHS)


def whitening(images, eps=5e-4):
    """Returns filters [24, 3, 2, 2] that whiten the patches of images [N, 3, H, W], and the eigenvalues."""
    patches = images.unfold(2, 2, 1).unfold(3, 2, 1).transpose(1, 3).reshape(-1, 12)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    values, vectors = values.flip(0), vectors.T.flip(0)
    # The sign of an eigenvector is arbitrary: the entry with the largest magnitude is positive.
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    vectors = vectors * largest.sign() / torch.sqrt(values + eps)[:, None]
    return torch.cat((vectors, -vectors)).reshape(24, 3, 2, 2), values


class Group(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding='same', bias=False)
        self.norm1 = nn.BatchNorm2d(outputs, eps=1e-12, momentum=1 - 0.6)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding='same', bias=False)
        self.norm2 = nn.BatchNorm2d(outputs, eps=1e-12, momentum=1 - 0.6)
        for norm in (self.norm1, self.norm2):
            norm.weight.requires_grad = False
        for conv in (self.conv1, self.conv2):
            nn.init.dirac_(conv.weight.data[:conv.in_channels])

    def forward(self, x):
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        return F.gelu(self.norm2(self.conv2(x)))


class Airbench(nn.Module):
    """Images [N, 3, H, W] -> logits [N, classes], where H and W are multiples of 8."""

    def __init__(self, widths, classes=10):
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        self.whiten.weight.requires_grad = False
        nn.init.zeros_(self.whiten.bias)
        self.groups = nn.ModuleList(Group(i, o) for i, o in zip((24, *widths), widths))
        self.last = nn.Linear(widths[-1], classes, bias=False)

    def forward(self, x):
        x = F.gelu(self.whiten(F.pad(x, (0, 1, 0, 1))))
        for group in self.groups:
            x = group(x)
        return self.last(F.max_pool2d(x, x.shape[-1]).flatten(1)) / 9

    def variables(self):
        """Returns parameters in order, and states, by cifar10's names. cifar10 transposes the last weights."""
        parameters, states = {'whiten/biases': self.whiten.bias}, {'whiten/weights': self.whiten.weight}
        for g, group in enumerate(self.groups):
            for layer, conv, norm in (('conv1', group.conv1, group.norm1), ('conv2', group.conv2, group.norm2)):
                name = f'group{g + 1}/{layer}'
                parameters |= {f'{name}/weights': conv.weight, f'{name}/beta': norm.bias}
                states |= {f'{name}/moving_mean': norm.running_mean, f'{name}/moving_variance': norm.running_var}
        return parameters | {'softmax_linear/weights': self.last.weight}, states


def loss_of(logits, labels):
    """Returns the sum of the cross entropies of a batch."""
    return F.cross_entropy(logits, labels, label_smoothing=SMOOTHING, reduction='none').sum()


class NesterovUpdates:
    """The updates of airbench: Nesterov's momentum with the triangular schedule, and look-ahead.

    `bias_steps` is the number of steps for which the biases of the whitening layer are trained.
    """

    def __init__(self, model, batch, steps, bias_steps):
        self.model, self.steps, self.bias_steps = model, steps, bias_steps
        self.parameters, self.states = model.variables()
        kilostep = 1024 * (1 + 1 / (1 - MOMENTUM))
        lr, wd = LR / kilostep, DECAY * batch / kilostep
        betas = [p for name, p in self.parameters.items() if name.endswith('beta')]
        others = [p for name, p in self.parameters.items() if not name.endswith('beta')]
        self.optimizer = torch.optim.SGD([
            dict(params=betas, lr=lr * BIAS_SCALER, weight_decay=wd / (lr * BIAS_SCALER)),
            dict(params=others, lr=lr, weight_decay=wd / lr),
        ], momentum=MOMENTUM, nesterov=True)
        self.rates = [group['lr'] for group in self.optimizer.param_groups]
        self.slow = {name: value.detach().clone() for name, value in self.variables()}
        self.decays = LOOK_AHEAD_DECAY ** LOOK_AHEAD_STEPS * (torch.arange(steps + 1) / steps) ** 3

    def variables(self):
        return (self.parameters | self.states).items()

    def factor(self, step):
        rise = int(self.steps * RISE)
        if step < rise:
            return START * (1 - step / rise) + step / rise
        fraction = (step - rise) / (self.steps - rise)
        return 1 - fraction + END * fraction

    def before(self, step):
        """Prepares the forward pass of a step."""
        self.model.whiten.bias.requires_grad = step < self.bias_steps
        for group, rate in zip(self.optimizer.param_groups, self.rates):
            group['lr'] = rate * self.factor(step)

    def after(self, step):
        """Updates the variables with the gradients of a step."""
        self.optimizer.step()
        if (step + 1) % LOOK_AHEAD_STEPS == 0:
            self.look_ahead(self.decays[step + 1].item())
        if step + 1 == self.steps:
            self.look_ahead(1.0)

    @torch.no_grad()
    def look_ahead(self, decay):
        for name, value in self.variables():
            self.slow[name].lerp_(value, 1 - decay)
            value.copy_(self.slow[name])


def orthogonalized(matrix, coefficients=(3.4445, -4.775, 2.0315), iterations=MUON_ITERATIONS, eps=1e-7):
    """Returns a matrix of the same shape whose singular values are near 1 (K. Jordan et al., "Muon", 2024: Newton-Schulz)."""
    a, b, c = coefficients
    x = matrix.T if len(matrix) > matrix.shape[1] else matrix
    x = x / x.norm().clamp(min=eps)
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if len(matrix) > matrix.shape[1] else x


class MuonUpdates:
    """The updates of airbench-muon: Muon for filters, Nesterov's momentum for everything else, and a linear schedule.

    `last_scale` is the factor of the weights of the last layer, compared with those of cifar10.
    """

    def __init__(self, model, batch, steps, bias_steps, orthogonalize=orthogonalized, last_scale=1.0):
        self.model, self.steps, self.bias_steps, self.orthogonalize = model, steps, bias_steps, orthogonalize
        self.parameters, self.states = model.variables()
        self.filters = [p for name, p in self.parameters.items() if p.ndim == 4]
        self.momenta = [torch.zeros_like(value) for value in self.filters]
        biases = [p for p in self.parameters.values() if p.ndim == 1]
        last_lr = LAST_LR * (9 / WIDTHS[-1] * last_scale) ** 2
        self.optimizer = torch.optim.SGD([
            dict(params=biases, lr=BIAS_LR, weight_decay=MUON_DECAY * batch / BIAS_LR),
            dict(params=[self.parameters['softmax_linear/weights']], lr=last_lr, weight_decay=MUON_DECAY * batch / last_lr),
        ], momentum=MOMENTUM, nesterov=True)
        self.rates = [group['lr'] for group in self.optimizer.param_groups]

    def before(self, step):
        self.model.whiten.bias.requires_grad = step < self.bias_steps
        for group, rate in zip(self.optimizer.param_groups, self.rates):
            group['lr'] = rate * (1 - step / self.steps)

    @torch.no_grad()
    def after(self, step):
        self.optimizer.step()
        for value, momentum in zip(self.filters, self.momenta):
            momentum.mul_(MUON_MOMENTUM).add_(value.grad)
            ahead = value.grad + MUON_MOMENTUM * momentum
            update = self.orthogonalize(ahead.flatten(1)).reshape(value.shape)
            value.mul_(len(value) ** 0.5 / value.norm()).sub_(MUON_LR * (1 - step / self.steps) * update)


UPDATES = {'airbench': NesterovUpdates, 'airbench-muon': MuonUpdates}


def test_time_outputs(net, x):
    """Returns the outputs of a network for images [N, 3, H, W], averaged over no other views, the mirror image, and shifts too."""
    plain = net(x)
    both = lambda images: 0.5 * net(images) + 0.5 * net(images.flip(-1))
    mirror = 0.5 * plain + 0.5 * net(x.flip(-1))
    height, width = x.shape[-2:]
    padded = F.pad(x, (1,) * 4, 'reflect')
    shifted = torch.stack([both(padded[:, :, 0:height, 0:width]), both(padded[:, :, 2:2 + height, 2:2 + width])]).mean(0)
    return {'none': plain, 'mirror': mirror, 'full': 0.5 * mirror + 0.5 * shifted}
