"""What one training step is made of: its pictures, and the loss of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import torch
from torch import nn

from encoders.bundled.preprocess import CHANNEL_DEVIATION, normalise
from encoders.training.adversary import fgsm
from encoders.training.augment import augment, augment_some, flip
from encoders.training.losses import (
    Queue,
    any_picture_loss,
    opinion_loss,
    own_text_loss,
    phrase_truth,
    title_truth,
)
from encoders.training.negatives import hard_titles
from encoders.training.phrases import ATTRIBUTES, UNSAID
from encoders.training.student import HEADS
from encoders.training.teacher import Teacher

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from encoders.bundled.network import TextAdapter
    from encoders.training.data import Dataset
    from encoders.training.settings import Settings
    from encoders.training.student import Student

ATTACK: Final = 2 / 255 / CHANNEL_DEVIATION[0]  # in the units of normalised pictures
WHITE_COLOURS: Final = frozenset({"", "white", "off white", "cream", "silver", "steel", "multi"})
COLOUR_AND_KIND: Final = (False, True, True, False, False, False)  # what such a phrase claims, of ATTRIBUTES
COLOUR_AND_KIND_TIMES: Final = 3  # as often as any other phrase: most queries say just these two


class Joint(Protocol):
    """What joins pictures and words: the texts' way into picture space, and a temperature for titles and phrases."""

    adapter: TextAdapter
    scales: nn.Parameter


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch of pictures as vectors, (batch, 384) L2-normalised, and what is compared with them."""

    rows: Tensor  # (batch,) int64
    vectors: Tensor
    recent: Tensor  # (batch + queue, 384): these and those of the last batches
    recent_rows: Tensor
    teacher: Tensor | None  # the same pictures as the teacher sees them

    def only(self, chosen: Tensor) -> Seen:
        """The chosen pictures, (batch,) bool, among all the others."""
        teacher = None if self.teacher is None else self.teacher[chosen]
        return Seen(self.rows[chosen], self.vectors[chosen], self.recent, self.recent_rows, teacher)


class Lesson:
    """The data as tensors on one device, and the loss of one batch."""

    def __init__(self, dataset: Dataset, settings: Settings) -> None:
        self.settings = settings
        self.dataset = dataset
        device = settings.device
        self.facts = torch.from_numpy(dataset.bank.facts.astype(np.int16)).to(device)
        self.title_of_row = torch.from_numpy(dataset.title_of_row).to(device)
        self.title_vectors = torch.from_numpy(dataset.title_vectors).to(device)
        self.worded = torch.from_numpy(dataset.worded).to(device)
        taught = [n for n, row in enumerate(dataset.rows) if not row.held_out]
        # Phrases and titles that are true of held-out pictures alone must not be seen, not even as negatives.
        numbers = np.unique(np.concatenate([dataset.bank.of_row[n] for n in taught]))
        self.claims = torch.from_numpy(dataset.bank.claims[numbers].astype(np.int16)).to(device)
        self.phrase_vectors = torch.from_numpy(dataset.phrase_vectors[numbers]).to(device)
        self.phrases, self.phrase_counts = _phrases_by_row(dataset, numbers)
        self.phrases, self.phrase_counts = self.phrases.to(device), self.phrase_counts.to(device)
        # The labels of the clothing photos are no titles.
        titled = np.array([row.source != "clothing" for row in dataset.rows])
        self.titled = torch.from_numpy(titled).to(device)
        own = np.unique(dataset.title_of_row[[n for n in taught if titled[n]]])
        self.taught_titles = torch.from_numpy(own).to(device)
        self.hard = hard_titles(self.title_vectors, self.taught_titles)
        self.coloured = torch.tensor([row.colour not in WHITE_COLOURS for row in dataset.rows], device=device)
        self.queue = Queue(settings.queue)
        self.teacher = Teacher(settings.teacher, device) if settings.teacher else None
        # All of them fit a graphics card; a machine without one reads them from the file.
        self.pixels = dataset.pixels if device == "cpu" else torch.from_numpy(np.array(dataset.pixels)).to(device)

    def pictures(self, rows: Tensor, side: int, random: Generator) -> Tensor:
        """(batch, 3, side, side), augmented and normalised."""
        if isinstance(self.pixels, torch.Tensor):
            pixels = self.pixels[rows]
        else:
            pixels = torch.from_numpy(np.stack([self.pixels[n] for n in rows.tolist()]))
        match self.settings.augmentation:
            case "flip":
                return normalise(flip(pixels, side, random))
            case "some":
                return normalise(augment_some(pixels, side, self.coloured[rows], random))
            case "full":
                return normalise(augment(pixels, side, self.coloured[rows], random))

    def attacked(self, student: Student, rows: Tensor, pictures: Tensor, random: Generator) -> Tensor:
        """The same pictures, a share of them changed within 2/255 so that they leave their titles."""
        count = round(len(rows) * self.settings.adversarial)
        chosen = torch.randperm(len(rows), generator=random, device=random.device)[:count]
        with torch.no_grad():
            texts = student.adapter(self.title_vectors[self.title_of_row[rows[chosen]]])

        def loss_of(changed: Tensor) -> Tensor:
            loss: Tensor = -(student.network(changed) * texts).sum()
            return loss

        student.eval()
        pictures[chosen] = fgsm(loss_of, pictures[chosen], ATTACK)
        student.train()
        return pictures

    def loss(self, student: Student, rows: Tensor, pictures: Tensor, random: Generator) -> Tensor:
        """The sum of both contrastive losses and the heads' loss."""
        # In bfloat16 the depthwise convolutions of a CPU are slower, those of a graphics card faster.
        with torch.autocast(pictures.device.type, torch.bfloat16, enabled=pictures.is_cuda):
            teacher = None if self.teacher is None else self.teacher.pictures(pictures).float()
            features = student.network.features(pictures)  # (batch, 1280)
        features = nn.functional.dropout(features.float(), self.settings.dropped)
        vectors = nn.functional.normalize(student.network.project(features), dim=1)  # (batch, 384)
        labels = {name: self.facts[rows, ATTRIBUTES.index(name)].long() for name in HEADS}
        of_heads: Tensor = student.heads(features, labels)
        joining = self.joining_loss(student, rows, vectors, random, teacher)
        return joining + self.settings.heads_weight * of_heads

    def joining_loss(
        self, joint: Joint, rows: Tensor, vectors: Tensor, random: Generator, teacher: Tensor | None = None
    ) -> Tensor:
        """Both contrastive losses of a batch of pictures, `vectors` and, of the teacher, `teacher` (batch, 384)."""
        seen = Seen(rows, vectors, *self.queue.joined(vectors, rows), teacher)
        with torch.autocast(vectors.device.type, torch.bfloat16):
            of_titles = self.title_loss(joint, seen.only(self.titled[rows]), random)
            of_phrases = self.phrase_loss(joint, seen, random)
            total: Tensor = self.settings.title_weight * of_titles + of_phrases
        return total

    def title_loss(self, joint: Joint, seen: Seen, random: Generator) -> Tensor:
        """Picture → title among a sample of all and the most alike, title → picture among the batch and the queue."""
        own = self.title_of_row[seen.rows]
        count = len(own)
        order = torch.randperm(self.hard.shape[1], generator=random, device=random.device)
        alike = self.hard[own][:, order[: self.settings.hard_titles]].flatten()
        numbers = torch.cat([own, _some_of(self.taught_titles, self.settings.title_sample, random), alike])
        plain, wordings = self.title_vectors[numbers], self.worded.shape[1]
        # Half of the titles come whole, half of them with words left out.
        lots = torch.randint(2 * wordings, (len(numbers),), generator=random, device=random.device)
        worded = self.worded[numbers, (lots - wordings).clamp(min=0)]
        texts = joint.adapter(worded)  # (batch + sample, 384)
        truth = title_truth(own, numbers, plain[:count], plain)
        scale = _scale(joint, 0)
        logits = scale * seen.vectors @ texts.T
        to_text = own_text_loss(logits, torch.arange(count, device=own.device), truth.possible)
        titles = self.title_of_row[seen.recent_rows]
        truth = title_truth(own, titles, plain[:count], self.title_vectors[titles])
        to_picture = any_picture_loss(scale * texts[:count] @ seen.recent.T, truth)
        return to_text + to_picture + self._taught(seen, logits, worded, 0)

    def phrase_loss(self, joint: Joint, seen: Seen, random: Generator) -> Tensor:
        """The same over the phrases: one phrase of each row, among a sample of all and among all pictures at hand."""
        lots = torch.rand(len(seen.rows), generator=random, device=random.device)
        own = self.phrases[seen.rows, (lots * self.phrase_counts[seen.rows]).long()]
        every = torch.arange(len(self.claims), device=own.device)
        numbers = torch.cat([own, _some_of(every, self.settings.phrase_sample, random)])
        plain = self.phrase_vectors[numbers]
        texts = joint.adapter(plain)  # (batch + sample, 384)
        possible = phrase_truth(self.claims[numbers], self.facts[seen.rows]).possible.T
        scale = _scale(joint, 1)
        logits = scale * seen.vectors @ texts.T
        to_text = own_text_loss(logits, torch.arange(len(own), device=own.device), possible)
        truth = phrase_truth(self.claims[own], self.facts[seen.recent_rows])
        to_picture = any_picture_loss(scale * texts[: len(own)] @ seen.recent.T, truth)
        return to_text + to_picture + self._taught(seen, logits, plain, 1)

    def _taught(self, seen: Seen, logits: Tensor, plain: Tensor, which: int) -> Tensor | float:
        """How far the student's opinion of the texts, `logits`, is from the teacher's; 0 without one."""
        if self.teacher is None or seen.teacher is None:
            return 0.0
        theirs = self.teacher.scales[which] * seen.teacher @ self.teacher.texts(plain).T
        return self.settings.teacher_weight * opinion_loss(logits, theirs)

    def recall(self, student: Student) -> float:
        """R@10 of the held-out titles of catalogue photos among the held-out photos: the point of the curve."""
        held = torch.from_numpy(self.dataset.where("fashion", held_out=True)).to(self.settings.device)
        student.eval()
        vectors = []
        with torch.inference_mode(), torch.autocast(held.device.type, torch.bfloat16, enabled=held.is_cuda):
            for rows in torch.split(held, self.settings.batch):
                pixels = self.pixels[rows if isinstance(self.pixels, torch.Tensor) else rows.numpy()]
                shown = torch.as_tensor(pixels).float() / 255
                side = (self.settings.side, self.settings.side)
                shown = nn.functional.interpolate(shown, side, mode="bilinear", antialias=True)
                vectors.append(student.network(normalise(shown)).float())
            titles = torch.unique(self.title_of_row[held])
            scores = student.adapter(self.title_vectors[titles]).float() @ torch.cat(vectors).T
        student.train()
        best = self.title_of_row[held][scores.topk(10, dim=1).indices]
        return float((best == titles.unsqueeze(1)).any(1).float().mean())


def _scale(joint: Joint, which: int) -> Tensor:
    return joint.scales[which].exp().clamp(max=60)


def _some_of(numbers: Tensor, count: int, random: Generator) -> Tensor:
    """So many of `numbers`, drawn with repetition; all of them where that is no more."""
    if count >= len(numbers):
        return numbers
    return numbers[torch.randint(len(numbers), (count,), generator=random, device=random.device)]


def _phrases_by_row(dataset: Dataset, numbers: np.ndarray) -> tuple[Tensor, Tensor]:
    """The places in `numbers` of each row's phrases, (rows, most) int64, and how many of a line count, (rows,).

    Rows whose phrases are not among `numbers` are held out, and never drawn.
    """
    place = np.full(len(dataset.bank.texts), 0)
    place[numbers] = np.arange(len(numbers))
    plain = ((dataset.bank.claims != UNSAID) == COLOUR_AND_KIND).all(1)
    lines = [
        [place[phrase] for phrase in phrases for _ in range(COLOUR_AND_KIND_TIMES if plain[phrase] else 1)]
        for phrases in dataset.bank.of_row
    ]
    counts = torch.tensor([len(line) for line in lines])
    found = torch.zeros(len(lines), int(counts.max()), dtype=torch.int64)
    for number, line in enumerate(lines):
        found[number, : len(line)] = torch.tensor(line)
    return found, counts
