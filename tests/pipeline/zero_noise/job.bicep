param location string = resourceGroup().location

resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: 'env-noise'
  location: location
  properties: {}
}

resource job 'Microsoft.App/jobs@2024-03-01' = {
  name: 'job-noise'
  location: location
  properties: {
    environmentId: environment.id
    configuration: {
      triggerType: 'Schedule'
      replicaTimeout: 600
      scheduleTriggerConfig: { cronExpression: '0 3 * * *' }
    }
    template: {
      containers: [
        { name: 'main', image: 'alpine:3', command: ['/bin/true'], resources: { cpu: 1, memory: '2Gi' } }
      ]
    }
  }
}
