importScripts('/inface/service-worker.standalone.js');
