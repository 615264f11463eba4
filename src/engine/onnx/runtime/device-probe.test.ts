import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Support } from '../../engine.ts';
import { supportOf } from './device-probe.ts';
import { type Ended, type ProbeReport, type RunProbe, type Trial, tryDevice } from './device-trial.ts';
import type { ProbeMachine } from './probe-machine.ts';

const noAdapter =
  '/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 onnxruntime::webgpu::WebGpuContext::Initialize(const ' +
  'onnxruntime::webgpu::WebGpuContextConfig&)::<lambda()> adapter_result.status == wgpu::RequestAdapterStatus::Success was ' +
  'false. Failed to get a WebGPU adapter: No supported adapters\n';
const offered = ['cpu', 'webgpu', 'cuda', 'tensorrt'];
const works = { works: true } as const;
const fails = (error: string) => ({ works: false, error }) as const;
const trialOf = (report: Partial<Trial>): Trial => ({ offered, printed: '', ...report });
const software = { name: 'SwiftShader Device', kind: 'software' } as const;
const radeon = { name: 'AMD Radeon RX 7900', kind: 'discrete' } as const;

/** A machine with the given files; the value of a file is its text, and a file in `closed` cannot be used. */
function machineWith(
  files: Readonly<Record<string, string>> = {},
  rest: Partial<ProbeMachine> & { closed?: readonly string[] } = {},
): ProbeMachine {
  const paths = Object.keys(files);
  return {
    platform: 'linux',
    arch: 'x64',
    environment: {},
    exists: (path) => paths.some((file) => file === path || file.startsWith(`${path}/`)),
    isAccessible: (path) => !(rest.closed ?? []).includes(path),
    list: (folder) => [
      ...new Set(
        paths.flatMap((file) =>
          file.startsWith(`${folder}/`) ? [file.slice(folder.length + 1).split('/')[0] ?? ''] : [],
        ),
      ),
    ],
    read: (path) => files[path] ?? '',
    runtimeFolder: () => '/app/node_modules/onnxruntime-node',
    ...rest,
  };
}

const nvidia = {
  '/proc/driver/nvidia/version': '',
  '/proc/driver/nvidia/gpus/0000:01:00.0/information': 'Model: \t\t NVIDIA H100\nIRQ: 1\n',
};
const provider = {
  '/app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so': '',
};

interface Case {
  readonly what: string;
  readonly device?: 'webgpu' | 'cuda' | 'cuda:7';
  readonly trial: Partial<Trial>;
  readonly machine?: ProbeMachine;
  readonly says: RegExp;
}

const cases: readonly Case[] = [
  {
    what: 'no Vulkan loader',
    trial: { float32: fails(noAdapter), loaderError: 'cannot open shared object file' },
    says: /the Vulkan loader \(libvulkan\.so\.1\) was not found\. Install it: apt install libvulkan1 /,
  },
  {
    what: 'no Vulkan loader, if only WebGPU says so',
    trial: {
      float32: fails(noAdapter),
      printed: "Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open",
    },
    says: /the Vulkan loader \(libvulkan\.so\.1\) was not found/,
  },
  {
    what: 'no GPU and no driver files',
    trial: { float32: fails(noAdapter), adapters: [] },
    says: /found no GPU\. This system shows no GPU \(\/dev\/dri\).*There are no driver files in \/usr\/share\/vulkan\/icd\.d, /,
  },
  {
    what: 'a GPU without a driver for Vulkan',
    trial: { float32: fails(noAdapter), adapters: [] },
    machine: machineWith({ '/dev/dri/renderD128': '' }),
    says: /found no GPU\. Install the Vulkan driver of the GPU: apt install mesa-vulkan-drivers/,
  },
  {
    what: 'driver files that find nothing',
    trial: { float32: fails(noAdapter), adapters: [] },
    machine: machineWith({ '/dev/dri/renderD128': '', '/etc/vulkan/icd.d/radeon.json': '{}' }),
    says: /Driver files: \/etc\/vulkan\/icd\.d\/radeon\.json$/,
  },
  {
    what: "NVIDIA's driver in a container without its part for graphics",
    trial: { float32: fails(noAdapter), adapters: [] },
    machine: machineWith({ ...nvidia, '/usr/share/vulkan/icd.d/lvp_icd.json': '{}' }),
    says: /not its Vulkan part \(nvidia_icd\.json\).*docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all;/,
  },
  {
    what: 'a GPU that this user may not use',
    trial: { float32: fails(noAdapter), adapters: [] },
    machine: machineWith({ '/dev/dri/renderD128': '' }, { closed: ['/dev/dri/renderD128'] }),
    says: /may not use \/dev\/dri\/renderD128: sudo usermod -aG render,video "\$USER"/,
  },
  ...['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'].map((name) => ({
    what: `a file of ${name} that does not exist`,
    trial: { float32: fails(noAdapter), adapters: [] },
    machine: machineWith({ '/a.json': '' }, { environment: { [name]: '/a.json:/b.json' } }),
    says: new RegExp(`${name} names a file that does not exist: /b\\.json$`),
  })),
  {
    what: 'a variable that selects driver files without a GPU',
    trial: { float32: fails(noAdapter), adapters: [] },
    machine: machineWith({ '/a.json': '' }, { environment: { VK_DRIVER_FILES: '/a.json' } }),
    says: /VK_DRIVER_FILES=\/a\.json limits the search to these driver files; unset it$/,
  },
  {
    what: 'an adapter that WebGPU does not accept',
    trial: {
      float32: fails(noAdapter),
      adapters: [{ name: 'llvmpipe (LLVM 15.0.6, 256 bits)', kind: 'software' }],
      printed:
        'Warning: Vulkan shaderUniform*ArrayDynamicIndexing required.\n - While initializing adapter (backend=BackendType::Vulkan)',
    },
    says: /does not accept llvmpipe \(LLVM 15\.0\.6, 256 bits\), a software adapter \(Vulkan shaderUniform\*ArrayDynamicIndexing required\)\. /,
  },
  {
    what: 'a driver that crashes',
    trial: { adapters: [radeon], end: { kind: 'signal', signal: 'SIGSEGV' } },
    says: /the driver of AMD Radeon RX 7900 crashed: the trial, a process of its own, was ended by SIGSEGV/,
  },
  {
    what: 'a driver that hangs',
    trial: { end: { kind: 'timeout', seconds: 120 } },
    says: /the driver of the GPU did not answer: .* was ended after 120 seconds/,
  },
  {
    what: 'a GPU that computes nonsense',
    trial: { float32: fails('it computed 0, 0, 0, 0 instead of 2, 4, 6, 8'), adapters: [radeon] },
    says: /here: it computed 0, 0, 0, 0 instead of 2, 4, 6, 8$/,
  },
  {
    what: 'WebGPU on Linux for arm64',
    trial: { offered: ['cpu'], float32: fails('backend not found') },
    machine: machineWith({}, { arch: 'arm64' }),
    says: /onnxruntime-node has no WebGPU on linux for arm64/,
  },
  {
    what: 'Windows without a GPU',
    trial: { float32: fails(noAdapter) },
    machine: machineWith({}, { platform: 'win32' }),
    says: /no suitable GPU was found\. Install the driver of the GPU \(WebGPU uses Direct3D 12\)$/,
  },
  {
    what: 'macOS without a GPU',
    trial: { float32: fails(noAdapter) },
    machine: machineWith({}, { platform: 'darwin', arch: 'arm64' }),
    says: /\(WebGPU uses Metal\)$/,
  },
  {
    what: 'neither a driver nor the libraries of CUDA',
    device: 'cuda',
    trial: { float32: fails('Failed to load shared library') },
    says: /driver was not found .*docker run --gpus all\. ONNX Runtime's CUDA libraries are not installed/,
  },
  {
    what: "no CUDA libraries of ONNX Runtime's",
    device: 'cuda',
    trial: { float32: fails('Failed to load shared library') },
    machine: machineWith(nvidia),
    says: /not installed \(libonnxruntime_providers_cuda\.so\)\. .*: node \/app\/node_modules\/onnxruntime-node\/script\/install\.js --onnxruntime-node-install=cuda12$/,
  },
  {
    what: 'a missing library of CUDA',
    device: 'cuda',
    trial: {
      float32: fails('Failed to load shared library'),
      printed: 'with error: libcublasLt.so.12: cannot open shared object file: No such file or directory',
    },
    machine: machineWith({ ...nvidia, ...provider }),
    says: /libcublasLt\.so\.12 of CUDA 12 was not found\. Install CUDA 12, and add .* LD_LIBRARY_PATH$/,
  },
  {
    what: 'missing cuDNN',
    device: 'cuda',
    trial: { float32: fails('libcudnn.so.9: cannot open shared object file') },
    machine: machineWith({ ...nvidia, ...provider }),
    says: /libcudnn\.so\.9 of cuDNN was not found\. Install cuDNN, /,
  },
  {
    what: 'a number without a GPU',
    device: 'cuda:7',
    trial: { float32: fails('Failed to load shared library') },
    machine: machineWith(nvidia),
    says: /`device: cuda:7` does not work here: this machine has 1 NVIDIA GPU: cuda:0 \(NVIDIA H100\)\. Use the number of a GPU, such as `device: cuda:0`$/,
  },
  {
    what: 'a number that CUDA_VISIBLE_DEVICES hides',
    device: 'cuda',
    trial: { float32: fails('CUDA failure 101: invalid device ordinal') },
    machine: machineWith({ ...nvidia, ...provider }, { environment: { CUDA_VISIBLE_DEVICES: '' } }),
    says: /1 NVIDIA GPU: cuda:0 \(NVIDIA H100\)\. CUDA_VISIBLE_DEVICES= hides the others, .*: unset it/,
  },
  {
    what: 'CUDA on a Mac',
    device: 'cuda',
    trial: { offered: ['cpu', 'webgpu'], float32: fails('backend not found') },
    machine: machineWith({}, { platform: 'darwin', arch: 'arm64' }),
    says: /onnxruntime-node has no CUDA on darwin for arm64/,
  },
];

const whyOf = (support: Support) => ('why' in support ? support.why : '');

describe('a device that does not work', () => {
  for (const { what, device = 'webgpu', trial, machine = machineWith(), says } of cases)
    test(`${what} is explained`, () => {
      const support = supportOf(device, 'float32', trialOf(trial), machine);
      assert.equal(support.verdict, 'missing');
      assert.match(whyOf(support), says);
      assert.doesNotMatch(whyOf(support), /\.cc:|onnxruntime_src|\n/, 'without paths of C++ files');
    });

  test('keeps the messages of the libraries for --debug', () => {
    const trial = trialOf({ float32: fails(noAdapter), printed: 'Warning: more' });
    const support = supportOf('webgpu', 'float32', trial, machineWith());
    assert.ok('cause' in support && support.cause?.includes('webgpu_context.cc:136'));
    assert.ok(support.cause?.endsWith('Warning: more'));
  });
});

describe('a device that works', () => {
  test('names its adapter, and says whether it is slow', () => {
    const trial = trialOf({ float32: works, float16: works, adapters: [radeon, software] });
    assert.deepEqual(supportOf('webgpu', 'float16', trial, machineWith()), {
      verdict: 'fast',
      adapter: 'AMD Radeon RX 7900',
    });
    const slow = supportOf('webgpu', 'float32', { ...trial, adapters: [software] }, machineWith());
    assert.ok('adapter' in slow);
    assert.equal(slow.adapter, 'SwiftShader Device, a software adapter (slow)');
    const cuda = supportOf('cuda', 'float32', trialOf({ float32: works }), machineWith(nvidia));
    assert.ok('adapter' in cuda);
    assert.equal(cuda.adapter, 'NVIDIA H100');
  });

  test('does not compute in float16 without shader-f16, or if the driver crashes then', () => {
    const error =
      'shader_helper.cc:416 GenerateSourceCode Program Cast requires f16 but the device does not support it.';
    const lacking = trialOf({ float32: works, float16: fails(error), adapters: [software] });
    const support = supportOf('webgpu', 'float16', lacking, machineWith());
    assert.equal(support.verdict, 'impossible');
    assert.match(
      whyOf(support),
      /SwiftShader Device.* lacks WebGPU's feature shader-f16\. Use `precision: float32`$/,
    );
    assert.equal(supportOf('webgpu', 'float32', lacking, machineWith()).verdict, 'fast');
    const crashed = trialOf({ float32: works, end: { kind: 'signal', signal: 'SIGSEGV' } });
    assert.match(whyOf(supportOf('webgpu', 'float16', crashed, machineWith())), /fails: the driver crashed/);
  });
});

describe('a trial', () => {
  const ended = (report: ProbeReport, rest: Partial<Ended> = {}): Ended => ({
    stdout: `${Object.entries(report)
      .map(([part, value]) => JSON.stringify({ [part]: value }))
      .join('\n')}\n`,
    stderr: '',
    status: 0,
    signal: null,
    ...rest,
  });
  const trying = (end: Ended, adapters: Ended = ended({ adapters: [radeon] })): Trial => {
    const run: RunProbe = (_, task) => (task === 'compute' ? end : adapters);
    return tryDevice('webgpu', run);
  };

  test('joins what its processes print, and ignores other lines', () => {
    const end = ended({ offered, float32: works });
    const { stdout } = end;
    const trial = trying({ ...end, stdout: `Debugger attached\n{"x":1}\n3\n${stdout}{"float16":` });
    assert.deepEqual(trial.float32, works);
    assert.equal(trial.end, undefined);
    if (process.platform === 'linux') assert.deepEqual(trial.adapters, [radeon]);
  });

  test('keeps what was printed before a crash, also if listing adapters crashes', () => {
    const crash = { status: null, signal: 'SIGSEGV' };
    const trial = trying(ended({ float32: works }, crash), ended({}, crash));
    assert.deepEqual(
      [trial.float32, trial.float16, trial.end],
      [works, undefined, { kind: 'signal', signal: 'SIGSEGV' }],
    );
    assert.equal(supportOf('webgpu', 'float32', trial, machineWith()).verdict, 'fast');
  });

  for (const [what, rest, says] of [
    ['a timeout', { error: Object.assign(new Error('spawnSync'), { code: 'ETIMEDOUT' }) }, /did not answer/],
    [
      "Node's permission model",
      { error: Object.assign(new Error('denied'), { code: 'ERR_ACCESS_DENIED' }) },
      /permission model forbids child processes; add --allow-child-process/,
    ],
    ['a missing program', { error: new Error('spawn /gone ENOENT') }, /failed: spawn \/gone ENOENT/],
    [
      'a bundled program',
      { status: 1, stderr: "Error: Cannot find module '/app/cifar10-device-probe.js'" },
      /leave the package out of the bundle/,
    ],
    ['another exit', { status: 13 }, /it ended with code 13/],
  ] as const)
    test(`says that ${what} was the reason`, () => {
      const trial = trying(ended({}, { status: null, ...rest }));
      assert.match(whyOf(supportOf('webgpu', 'float32', trial, machineWith())), says);
    });

  test('is not started by the application that a trial starts', () => {
    process.env['CIFAR10_DEVICE_TRIAL'] = '1';
    try {
      const run: RunProbe = () => assert.fail('it started another process');
      assert.match(JSON.stringify(tryDevice('webgpu', run)), /the trial started the application itself/);
    } finally {
      delete process.env['CIFAR10_DEVICE_TRIAL'];
    }
  });
});
