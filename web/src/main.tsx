/** The entry of the page. */
import { render } from 'preact';
import { App } from './app.tsx';
import 'uplot/dist/uPlot.min.css';
import './style.css';

const page = document.getElementById('page');
if (page === null) throw new TypeError('index.html has no element with the id "page"');
render(<App />, page);
