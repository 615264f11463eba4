/** Runs a short benchmark on simulated older processors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usedInstructions } from '../engine/engines.ts';
import { engineCase } from '../testing/engines.ts';
import { program } from '../testing/program.ts';

const { skip: missing } = engineCase('onednn');
/** Without AVX-512, the limits change nothing. */
const isLimited = () => /AVX-?512|AMX|AVX10/i.test(usedInstructions().join());
const skip = missing || (!isLimited() && 'this CPU has no AVX-512');

for (const isa of ['AVX2', 'AVX512_CORE']) {
  test(`bench measures what ${isa} supports, and reports what it does not`, { skip }, async () => {
    const environment = { ONEDNN_MAX_CPU_ISA: isa, DNNL_MAX_CPU_ISA: isa };
    const words = ['bench', '--engine', 'onednn', '--steps', '4', '--batch-size', '8'];
    const { code, output, errors } = await program(words, undefined, process.cwd(), environment);
    assert.equal(code, 0, errors);
    // The complete runs warn that float16 is slow, and the library prints nothing.
    assert.match(errors, /^(warning: float16 is not fast .*\n)*$/);
    assert.match(output, /^step of 8 /m);
    assert.match(output, /^onednn float32, .* ×$/m);
    if (isa === 'AVX2') {
      assert.match(output, /^onednn bfloat16: not available on this CPU: .*no bfloat16 instructions/m);
      assert.match(output, /^onednn bfloat16 {2}not available on this CPU$/m);
    }
  });
}
