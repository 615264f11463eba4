"""Evaluates an exported TensorFlow checkpoint with the graph of the tutorial's cifar10_eval, built with TensorFlow's v1 API.

    python tools/tensorflow_eval.py CHECKPOINT RECORDS [PREDICTIONS]       (TensorFlow 2.21, NumPy)

CHECKPOINT is a folder with a `checkpoint` file, RECORDS a file of CIFAR-10's binary version, such as test_batch.bin. Prints
precision @ 1 of the moving averages. With PREDICTIONS, compares the predicted classes with those of `eval --report`
(predictions-….csv). With --save PREFIX, saves all variables again, so that the files can be compared byte by byte.
"""
import argparse
import csv
import sys

import numpy as np
import tensorflow as tf

CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()

v1 = tf.compat.v1
v1.disable_eager_execution()


def inference(images):
    """The network of the tutorial: images [N, 24, 24, 3] -> logits [N, 10]."""
    variables = {}

    def variable(name, shape):
        variables[name] = v1.get_variable(name, shape, initializer=v1.zeros_initializer())
        return variables[name]

    def convolution(scope, x, inputs):
        weights = variable(f"{scope}/weights", [5, 5, inputs, 64])
        filtered = tf.nn.conv2d(x, weights, [1, 1, 1, 1], padding="SAME")
        return tf.nn.relu(tf.nn.bias_add(filtered, variable(f"{scope}/biases", [64])))

    def dense(scope, x, inputs, units):
        return tf.matmul(x, variable(f"{scope}/weights", [inputs, units])) + variable(f"{scope}/biases", [units])

    def pool(x):
        return tf.nn.max_pool2d(x, [1, 3, 3, 1], [1, 2, 2, 1], padding="SAME")

    def norm(x):
        return tf.nn.lrn(x, 4, bias=1.0, alpha=0.001 / 9.0, beta=0.75)

    x = norm(pool(convolution("conv1", images, 3)))
    x = pool(norm(convolution("conv2", x, 64)))
    x = tf.nn.relu(dense("local3", tf.reshape(x, [-1, 2304]), 2304, 384))
    x = tf.nn.relu(dense("local4", x, 384, 192))
    return dense("softmax_linear", x, 192, 10), variables


def records(path):
    """Returns images [N, 24, 24, 3], cropped and whitened as in the tutorial, and labels [N]."""
    data = np.fromfile(path, np.uint8).reshape(-1, 3073)
    pixels = data[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)[:, 4:28, 4:28].astype(np.float32)
    mean = pixels.mean(axis=(1, 2, 3), keepdims=True)
    deviation = np.maximum(pixels.std(axis=(1, 2, 3), keepdims=True), 1 / np.sqrt(24 * 24 * 3))
    return (pixels - mean) / deviation, data[:, 0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("records")
    parser.add_argument("predictions", nargs="?")
    parser.add_argument("--save", metavar="PREFIX")
    options = parser.parse_args()

    images, labels = records(options.records)
    placeholder = v1.placeholder(tf.float32, [None, 24, 24, 3])
    logits, variables = inference(placeholder)
    averages = {f"{name}/ExponentialMovingAverage": variable for name, variable in variables.items()}
    state = v1.train.get_checkpoint_state(options.checkpoint)
    if state is None:
        sys.exit(f"{options.checkpoint} has no checkpoint file")
    with v1.Session() as session:
        v1.train.Saver(averages).restore(session, state.model_checkpoint_path)
        batches = [session.run(logits, {placeholder: images[at : at + 500]}) for at in range(0, len(images), 500)]
    predicted = np.concatenate(batches).argmax(axis=1)
    print(f"precision @ 1 = {(predicted == labels).mean():.4f} ({(predicted == labels).sum()} of {len(labels)})")

    if options.predictions:
        with open(options.predictions, newline="") as file:
            rows = list(csv.DictReader(file))
        ours = np.array([CLASSES.index(row["predicted"]) for row in rows])
        print(f"{(ours == predicted[: len(ours)]).sum()} of {len(ours)} predictions are equal")

    if options.save:
        reader = v1.train.load_checkpoint(state.model_checkpoint_path)
        names = sorted(reader.get_variable_to_shape_map())
        with v1.Session() as session:
            session.run(
                tf.raw_ops.SaveV2(
                    prefix=options.save,
                    tensor_names=names,
                    shape_and_slices=[""] * len(names),
                    tensors=[tf.constant(reader.get_tensor(name)) for name in names],
                )
            )
        print(f"saved {len(names)} tensors again to {options.save}")


main()
