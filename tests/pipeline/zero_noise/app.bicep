param location string = resourceGroup().location
@secure()
param token string

resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: 'env-noise'
  location: location
  properties: {}
}

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: 'app-noise'
  location: location
  properties: {
    environmentId: environment.id
    configuration: {
      secrets: [
        { name: 'token', value: token }
      ]
      ingress: { external: true, targetPort: 8080, transport: 'Auto' }
    }
    template: {
      containers: [
        {
          name: 'web'
          image: 'mcr.microsoft.com/k8se/quickstart:latest'
          env: [
            { name: 'TOKEN', secretRef: 'token' }
            { name: 'MODE', value: 'production' }
          ]
          resources: { cpu: json('0.5'), memory: '1Gi' }
        }
      ]
      scale: { minReplicas: 0, maxReplicas: 3 }
    }
  }
}
