/** The entry of the page. */
import { render } from 'preact';
import './style.css';

const page = document.getElementById('page');
if (page === null) throw new TypeError('index.html has no element with the id "page"');
render(<h1>cifar10</h1>, page);
