import { testTrainingOf } from '../testing/mpi-training.ts';

testTrainingOf('MPICH');
