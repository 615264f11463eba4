/**
 * A web service that classifies uploaded pictures, with Hono:
 *
 *     npm install
 *     node server.mjs MODEL [PORT]
 *
 * MODEL is a folder that `cifar10 train` wrote, a checkpoint file, or a file that `cifar10 export` wrote. Open
 * http://localhost:3000 in a browser, or send the bytes of a picture, alone or in a form:
 *
 *     curl --data-binary @cat.jpg -H 'Content-Type: image/jpeg' http://localhost:3000/classify
 *     curl -F picture=@cat.jpg http://localhost:3000/classify
 *
 * The answer is JSON: { "predictions": [{ "label": "cat", "index": 3, "probability": 0.91 }, …] } or { "error": "…" }.
 */
import { serve } from '@hono/node-server';
import { openModel, PictureError } from 'cifar10-ts';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';

const [path = 'model.onnx', port = '3000'] = process.argv.slice(2);

/** The largest upload. Without a limit, a single visitor could fill the memory of the machine. */
const megabytes = 10;

// The model is opened once, before the first request, and serves all of them.
const model = await openModel(path);
const app = new Hono();

app.get('/', (c) =>
  c.html(`<!doctype html><title>Classify a picture</title>
    <form method="post" action="/classify" enctype="multipart/form-data">
      <input type="file" name="picture" accept="image/*" required> <button>Classify</button>
    </form>`),
);

app.post(
  '/classify',
  bodyLimit({
    maxSize: megabytes * 2 ** 20,
    onError: (c) => c.json({ error: `the upload is larger than ${megabytes} MB` }, 413),
  }),
  async (c) => {
    const picture = await uploadedPicture(c.req);
    return c.json({ predictions: await model.classify(picture, { topK: 5 }) });
  },
);

/** Returns the bytes of the picture in a request.
 * @param {import('hono').HonoRequest} request */
async function uploadedPicture(request) {
  const type = request.header('Content-Type') ?? '';
  if (/^(image\/|application\/octet-stream)/i.test(type)) return new Uint8Array(await request.arrayBuffer());
  if (!/^multipart\/form-data/i.test(type))
    throw new HTTPException(415, { message: 'send a picture, or a form with a file named "picture"' });
  const { picture } = await request.parseBody().catch(() => ({ picture: undefined }));
  if (picture instanceof File) return new Uint8Array(await picture.arrayBuffer());
  throw new HTTPException(400, { message: 'the form has no file named "picture"' });
}

/** The status of the answer to a picture that cannot be decoded. */
const statusOf = /** @type {const} */ ({ unreadable: 400, damaged: 400, 'too-large': 413, unsupported: 415 });

app.onError((error, c) => {
  if (error instanceof PictureError) return c.json({ error: error.message }, statusOf[error.fault]);
  if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
  console.error(error);
  return c.json({ error: 'the server failed' }, 500);
});

const server = serve({ fetch: app.fetch, port: Number(port) }, (address) =>
  console.log(`${model.path} is open; listening on http://localhost:${address.port}`),
);

// On Ctrl-C or `docker stop`, finish the requests that have begun, and then free the model.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => server.close(() => void model.release()));
