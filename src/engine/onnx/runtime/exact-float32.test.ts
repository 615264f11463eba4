import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { createOnnxEngine } from './onnx-engine.ts';

const name = 'NVIDIA_TF32_OVERRIDE';
const given = process.env[name];
afterEach(() => {
  if (given === undefined) delete process.env[name];
  else process.env[name] = given;
});

test("an engine on CUDA tells NVIDIA's libraries not to compute in TF32", () => {
  delete process.env[name];
  createOnnxEngine(1);
  assert.equal(process.env[name], undefined);
  createOnnxEngine(1, 'cuda');
  assert.equal(process.env[name], '0');
});

test("the user's choice remains", () => {
  process.env[name] = '1';
  createOnnxEngine(1, 'cuda');
  assert.equal(process.env[name], '1');
});
