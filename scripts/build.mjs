// @ts-check
import { setup } from './setup.mjs';

setup();
