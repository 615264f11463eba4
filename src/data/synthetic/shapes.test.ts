import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RandomStream } from '../../tensor/random.ts';
import { datasets } from '../datasets.ts';
import {
  checkerboard,
  circle,
  crescent,
  cross,
  dots,
  ring,
  type Shape,
  shapes,
  square,
  star,
  stripes,
  triangle,
} from './shapes.ts';

type Point = readonly [x: number, y: number];

const points: readonly [name: string, shape: Shape, inside: readonly Point[], outside: readonly Point[]][] = [
  [
    'circle',
    circle,
    [
      [0, 0],
      [0.6, 0.59],
      [0, -0.84],
    ],
    [
      [0.61, 0.61],
      [0, 0.86],
    ],
  ],
  [
    'square',
    square,
    [
      [0, 0],
      [0.7, 0.7],
      [-0.7, 0.7],
    ],
    [
      [0.8, 0],
      [0, -0.8],
    ],
  ],
  [
    'triangle',
    triangle,
    [
      [0, 0],
      [1, 0],
      [-0.5, 0.9],
    ],
    [
      [-0.6, 0],
      [0.6, 0.5],
      [1.2, 0],
    ],
  ],
  [
    'cross',
    cross,
    [
      [0, 0],
      [0.9, 0.2],
      [-0.2, -0.9],
    ],
    [
      [0.4, 0.4],
      [1, 0],
    ],
  ],
  [
    'ring',
    ring,
    [
      [0.7, 0],
      [0, -0.6],
      [0.5, 0.5],
    ],
    [
      [0, 0],
      [0.4, 0],
      [0.95, 0],
    ],
  ],
  [
    'star',
    star,
    [
      [0, 0],
      [1, 0],
      [0.31, 0.95],
      [-0.8, 0.6],
    ],
    [
      [-0.6, 0],
      [0.5, 0.4],
      [-0.2, 0.5],
    ],
  ],
  [
    'stripes',
    stripes,
    [
      [0, 0],
      [0.8, 0.66],
      [-0.8, -0.66],
    ],
    [
      [0, 0.33],
      [0.9, 0],
      [0, 0.9],
    ],
  ],
  [
    'checkerboard',
    checkerboard,
    [
      [0.3, 0],
      [-0.3, 0],
      [0.9, 0],
    ],
    [
      [0, 0.3],
      [0, -0.9],
      [1.3, 0],
    ],
  ],
  [
    'dots',
    dots,
    [
      [0, 0],
      [0.66, 0],
      [-0.66, 0.66],
    ],
    [
      [0.33, 0],
      [0.33, 0.33],
      [0.9, 0.66],
    ],
  ],
  [
    'crescent',
    crescent,
    [
      [-0.6, 0],
      [0, 0.9],
      [0, -0.9],
    ],
    [
      [0, 0],
      [0.5, 0],
      [-1, 0],
    ],
  ],
];

for (const [name, shape, inside, outside] of points) {
  test(`${name} contains the expected points, and is drawn for the class of that name`, () => {
    for (const [x, y] of inside) assert.ok(shape(x, y) < 0, `(${x}, ${y}) is outside`);
    for (const [x, y] of outside) assert.ok(shape(x, y) > 0, `(${x}, ${y}) is inside`);
    assert.equal(shapes[datasets.synthetic.classes.indexOf(name)], shape);
  });
}

test('every class has one shape', () => {
  assert.equal(shapes.length, datasets.synthetic.classes.length);
  assert.equal(new Set(shapes).size, shapes.length);
});

test('every shape is symmetric, so that a flip does not turn it into the shape of another class', () => {
  const stream = new RandomStream(1, 'test');
  for (const shape of shapes) {
    for (let draw = 0; draw < 500; draw++) {
      const [x, y] = [stream.between(-1.5, 1.5), stream.between(-1.5, 1.5)];
      assert.ok(Math.abs(shape(x, y) - shape(x, -y)) < 1e-12);
    }
  }
});

test('distances never change faster than the point moves, so that edges are one pixel wide', () => {
  const stream = new RandomStream(2, 'test');
  for (const [label, shape] of shapes.entries()) {
    for (let draw = 0; draw < 500; draw++) {
      const [x, y] = [stream.between(-1.5, 1.5), stream.between(-1.5, 1.5)];
      const [dx, dy] = [stream.between(-0.1, 0.1), stream.between(-0.1, 0.1)];
      const change = Math.abs(shape(x + dx, y + dy) - shape(x, y));
      assert.ok(change <= Math.hypot(dx, dy) + 1e-12, `shape ${label} at (${x}, ${y})`);
    }
  }
});

test('every shape stays near the unit disc', () => {
  for (const [label, shape] of shapes.entries()) {
    for (let step = 0; step < 64; step++) {
      const angle = (2 * Math.PI * step) / 64;
      assert.ok(shape(1.3 * Math.cos(angle), 1.3 * Math.sin(angle)) > 0, `shape ${label} passes 1.3`);
    }
  }
});
